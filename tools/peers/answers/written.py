"""Files that thermocline writes, opened by xarray (with netCDF4) and by h5py: values, coordinates, attributes, layout."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import h5py
import netCDF4
import numpy as np
import xarray as xr

from .report import Named, Verdict

SHAPE, CHUNK = (7, 5, 9), (3, 5, 4)
NUMBERS = (np.arange(np.prod(SHAPE)) * 7919 % 251).reshape(SHAPE)
FLOATS = np.where(NUMBERS % 11 == 4, np.nan, NUMBERS / 8)
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
TIMES = np.arange("2004-02-27", "2004-03-05", dtype="datetime64[D]").astype("datetime64[ns]") + np.timedelta64(6, "h")
LABELS = {"time": TIMES, "lat": np.array([50.0, 25, 0, -25, -50]), "number": np.array([1.0, 1, 2, 2, 3, 3, 4])}


def verdicts(program: Path, folder: Path) -> Iterator[Verdict]:
    """Has the files written into `folder`, and looks at each."""
    ended = subprocess.run([program, "--write", folder], stderr=subprocess.PIPE, text=True)
    if ended.returncode != 0:
        yield Verdict(Named("written", "written files"), False, "exit code 0", ended.stderr.strip())
        return
    wanted = {dtype: NUMBERS.astype(dtype) for dtype in INTEGERS}
    wanted |= {"bool": NUMBERS % 3 == 0, "float32": FLOATS.astype("f4"), "float64": FLOATS}
    wanted |= dict.fromkeys(("filled", "packed", "packed bytes", "growing"), FLOATS)
    wanted |= {"selected": FLOATS[:, 1], "single": np.nanmax(FLOATS)}
    wanted |= dict.fromkeys(("empty", "empty growing"), np.empty((0, 3), "f4"))
    for name, values in wanted.items():
        path = folder / f"written {name}.nc"
        for check in (_values, _labels, _layout):
            try:
                problem = check(path, name, values)
            except Exception as error:  # noqa: BLE001 - what others can't open is wrong
                problem = f"{type(error).__name__}: {error}"
            title = f"{path.name}: {check.__name__[1:]}"
            yield Verdict(Named("written", title), problem is None, "as it was written", problem or "")


def _differing(what: str, found, expected) -> str | None:
    found, expected = np.asarray(found), np.asarray(expected)
    same = found.dtype == expected.dtype and found.shape == expected.shape
    numbers = expected.dtype.kind == "f"
    if same and np.array_equal(found, expected, equal_nan=numbers):
        return None
    return f"{what}: {found.dtype}{list(found.shape)} {found.ravel()[:4]}, not {expected.dtype} {expected.ravel()[:4]}"


def _values(path: Path, name: str, expected: np.ndarray) -> str | None:
    with xr.open_dataset(path, engine="netcdf4") as data:
        found = data["x"].load()
    if name.startswith("packed"):
        # xarray unpacks bytes and shorts into the shortest float that holds them.
        found = found.astype("f8")
    problem = _differing("xarray", found.values, expected)
    if problem is None and name in INTEGERS:
        with h5py.File(path) as file:
            problem = _differing("h5py", file["x"][()], expected)
    return problem


def _labels(path: Path, name: str, values: np.ndarray) -> str | None:
    with xr.open_dataset(path, engine="netcdf4") as data:
        data.load()
    x, axes = data["x"], len(np.shape(values))
    dims = ("time", "lon") if name == "selected" else ("time", "lat", "lon")[:axes]
    if x.dims != dims or data.attrs.get("Conventions") != "CF-1.8":
        return f"{x.dims} {data.attrs}"
    if name in ("single", "empty", "empty growing"):
        return None if not x.coords else f"coordinates {list(x.coords)}"
    if set(x.coords) != set(LABELS) or (name == "float64" and data.attrs["title"] != "Numbers"):
        return f"coordinates {list(x.coords)}, attributes {data.attrs}"
    for label, expected in LABELS.items():
        expected = expected[1] if name == "selected" and label == "lat" else expected
        if label == "time":
            expected = expected.astype(x.coords["time"].dtype)
        if problem := _differing(label, x.coords[label].values, expected):
            return problem
    said = {"units": "°C", "names": ["a", "b"], "ratio": np.float32(0.5)}
    right = all(x.attrs.get(key) == value for key, value in said.items()) and list(x.attrs["levels"]) == [1, -2]
    more = set(x.attrs) - {*said, "levels"}
    if not right or more or x.coords["lat"].attrs != {"units": "degrees_north"}:
        return f"attributes {x.attrs}, of lat {x.coords['lat'].attrs}"
    return None


def _layout(path: Path, name: str, values: np.ndarray) -> str | None:
    with netCDF4.Dataset(path) as data:
        growing = [key for key, dimension in data.dimensions.items() if dimension.isunlimited()]
        chunks, filters = data["x"].chunking(), data["x"].filters()
    # A dimension of no length is an unlimited one to netCDF, whose NC_UNLIMITED is 0.
    if growing != (["time"] if "growing" in name or np.size(values) == 0 else []):
        return f"unlimited dimensions {growing}"
    if np.size(values) == 0 or np.ndim(values) == 0:
        return None
    expected = [1, 5, 9] if name == "growing" else [length for at, length in enumerate(CHUNK) if values.ndim == 3 or at != 1]
    deflated = bool(filters["zlib"])
    if chunks != expected or deflated != (name != "growing"):
        return f"chunks {chunks}, filters {filters}"
    with h5py.File(path) as file:
        scales = [axis[0].name for axis in file["x"].dims]
    return None if scales == [f"/{key}" for key in ("time", "lat", "lon") if values.ndim == 3 or key != "lat"] else f"{scales}"
