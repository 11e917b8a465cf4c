"""Files that netCDF4 and thermocline's own generator write, for the cases about files."""

import subprocess
from pathlib import Path

import cftime
import netCDF4
import numpy as np

from . import values

CALENDARS = ("standard", "proleptic_gregorian", "noleap", "all_leap", "360_day", "julian")
UNITS = ("days since 1999-12-30", "hours since 1850-01-01 12:00", "seconds since 2000-02-28 23:59:30")
TYPES = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8")

# How variables are packed: attributes beside a scale and an offset, of which some numbers have the variable's own type.
PACKINGS = {
    "plain": {},
    "filled": {"_FillValue": 7},
    "missing": {"missing_value": 5},
    "both": {"_FillValue": 7, "missing_value": 5},
    "several": {"_FillValue": 7, "missing_value": [5, 6]},
    "listed": {"missing_value": [5, 6, 1]},
    "scaled": {"scale_factor": np.float64(0.01)},
    "scaled in float32": {"scale_factor": np.float32(0.01), "_FillValue": 7},
    "shifted": {"add_offset": np.float64(273.15)},
    "packed": {"scale_factor": np.float64(0.01), "add_offset": np.float64(273.15), "_FillValue": 7},
    "packed in float32": {"scale_factor": np.float32(0.5), "add_offset": np.float32(20), "missing_value": 5},
}
UNSIGNED = {
    "unsigned": {"_Unsigned": "true", "_FillValue": -1},
    "unsigned packed": {"_Unsigned": "true", "_FillValue": -1, "scale_factor": np.float64(0.5)},
    "signed": {"_Unsigned": "false", "_FillValue": 254},
}
RANGES = {
    "least": {"valid_min": 2},
    "greatest": {"valid_max": 6},
    "range": {"valid_range": [2, 6]},
    "range and fill": {"valid_range": [2, 6], "_FillValue": 4},
}


def packed(rng: np.random.Generator, path: Path, packings: dict, types=TYPES, pattern="") -> dict[str, tuple[str, str]]:
    """A file of a variable for each packing and type; their names, with both."""
    names = {}
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("y", 5)
        file.createDimension("x", 40)
        for packing, attributes in packings.items():
            for kind in types:
                name = f"{packing} {kind}".replace(" ", "_")
                own = pattern or ("extreme" if kind[0] in "iu" else "nan")
                _variable(rng, file, name, kind, attributes, own)
                names[name] = (packing, kind)
    return names


def _variable(rng, file, name, kind, attributes, pattern):
    own = np.dtype(kind)
    typed = {
        key: value if isinstance(value, (str, np.floating)) else np.array(value).astype(own)
        for key, value in attributes.items()
    }
    variable = file.createVariable(
        name, kind, ("y", "x"), zlib=True, shuffle=True, chunksizes=(2, 16), fill_value=typed.pop("_FillValue", None)
    )
    variable.set_auto_maskandscale(False)
    for key, value in typed.items():
        variable.setncattr(key, value)
    numbers = values.array(rng, own.name, (5, 40), pattern)
    numbers[rng.random((5, 40)) < 0.5] = 0
    numbers += rng.integers(0, 9, (5, 40)).astype(own) * (numbers == 0)
    variable[:] = numbers


def times(rng: np.random.Generator, folder: Path) -> dict[str, Path]:
    """A file of times for each calendar and unit."""
    files = {}
    for calendar in CALENDARS:
        for number, units in enumerate(UNITS):
            path = folder / f"times {calendar} {number}.nc"
            step = {"days": 1, "hours": 24, "seconds": 86400}[units.split()[0]]
            with netCDF4.Dataset(path, "w") as file:
                file.createDimension("time", None)
                time = file.createVariable("time", "f8", ("time",))
                time.units, time.calendar = units, calendar
                whole = np.sort(rng.choice(np.arange(0, 1500), 200, replace=False))
                time[:] = (whole + rng.integers(0, 4, 200) / 4) * step
                file.createVariable("x", "f8", ("time",))[:] = rng.standard_normal(200)
            files[f"{calendar}, {units}"] = path
    return files


def series(rng: np.random.Generator, folder: Path, calendar: str, days: int, gaps: bool) -> list[Path]:
    """Daily files in an order that their names don't tell, packed as satellites' data are."""
    folder.mkdir(exist_ok=True)
    units, paths = "days since 2003-11-20", []
    lat, lon = np.linspace(80, -80, 5), np.arange(6) * 60.0
    for day in range(days):
        if gaps and rng.random() < 0.7:
            continue
        path = folder / f"{(day * 37) % 1009:04d}.nc"
        with netCDF4.Dataset(path, "w") as file:
            for name, labels in (("time", [float(day)]), ("lat", lat), ("lon", lon)):
                file.createDimension(name, None if name == "time" else len(labels))
                file.createVariable(name, "f8", (name,))[:] = labels
            file["time"].units, file["time"].calendar = units, calendar
            sst = file.createVariable("sst", "i2", ("time", "lat", "lon"), zlib=True, fill_value=-999)
            sst.scale_factor, sst.add_offset, sst.units = 0.01, 10.0, "degC"
            sst.set_auto_maskandscale(False)
            numbers = (1000 * np.sin(day / 58) + rng.integers(-500, 500, (1, 5, 6))).astype("i2")
            numbers[0, 2, 3] = -999
            numbers[rng.random((1, 5, 6)) < 0.1] = -999
            sst[:] = numbers
        paths.append(path)
    return paths


def generated(program: Path, folder: Path, dtype: str) -> list[Path]:
    """Some days of the ocean that thermocline's benchmark makes."""
    if not folder.exists():
        span = ("--years", "2004-2004", "--days", "8")
        subprocess.run(
            [program, "generate", "--dir", folder, *span, "--dtype", dtype], check=True, capture_output=True
        )
    return sorted(folder.glob("*.nc"))


def decoded(numbers: np.ndarray, units: str, calendar: str) -> np.ndarray:
    """Year, month, day, hour, minute, second and microsecond of each time, by cftime."""
    dates = np.atleast_1d(cftime.num2date(numbers, units, calendar, only_use_cftime_datetimes=True))
    parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return np.array([[getattr(date, part) for part in parts] for date in dates], np.int64)
