"""Files that others and we ourselves write: unpacking, times, selections, groups, series."""

from pathlib import Path

import numpy as np
import xarray as xr

from . import fixtures
from .case import Case
from .fields import (
    REDUCTIONS,
    PARTS,
    Link,
    Variable,
    between,
    case,
    during,
    grouped,
    isel,
    isel_slice,
    masked_case,
    nearest,
    opened,
    reduce,
    resampled,
    sel,
    slope,
    times_case,
    values_case,
    weighted_mean,
)

SELECTIONS = [
    (during("2004-02", "2004-02"),),
    (during("2003", "2004"),),
    (during("2004-02-28", "2004-03-01"),),
    (during(None, "2003-12-31"),),
    (during("2005", None),),
    (during("2010", "2011"),),
    (isel("time", 0), sel("lat", 40.0)),
    (isel("time", -1), nearest("lat", 55.0)),
    (nearest("lat", -61.0), isel_slice("time", 3, 40, 7)),
    (nearest("lat", 20.0), reduce("mean", "time")),
    (between("lat", -45.0, 45.0), reduce("max", "time")),
    (between("lat", 40.0, 40.0),),
    (between("lat", 45.0, 75.0),),
    (between("lon", 60.0, 180.0), during("2004", "2004"), reduce("mean")),
    (isel_slice("lat", None, None, -1), isel_slice("time", -10, None, 1)),
    (isel_slice("lon", 5, 1, -2), isel("lat", 0)),
]
DIMENSIONS = (None, "time", ["time", "lon"], ["lat", "lon"], "lat", ["lon", "time", "lat"])


def cases(rng: np.random.Generator, programs: Path, folder: Path) -> list[Case]:
    """Cases of files, which are written into `folder`."""
    return [
        *_packed(rng, folder),
        *(times_case("times", path) for path in fixtures.times(rng, folder).values()),
        *_series(rng, folder),
        *_written_by_xarray(rng, folder),
        *_generated(programs, folder),
    ]


def _packed(rng, folder):
    for title, packings, types in (
        ("packed", fixtures.PACKINGS, fixtures.TYPES),
        ("unsigned", fixtures.UNSIGNED, ("i1", "i2", "i4")),
    ):
        path = folder / f"{title}.nc"
        for name in fixtures.packed(rng, path, packings, types):
            for mask_and_scale in (True, False):
                dtype = opened((path,), mask_and_scale, decode_times=False)[name].dtype.name
                yield values_case("unpacking", Variable((path,), name, dtype, mask_and_scale))
    path = folder / "ranges.nc"
    # Without netCDF's own fill values, which netCDF4 takes for missing.
    for name, (_, kind) in fixtures.packed(rng, path, fixtures.RANGES, ("i2", "i4", "f4", "f8"), "plain").items():
        dtype = "float32" if kind in ("i2", "f4") else "float64"
        yield masked_case("unpacking", Variable((path,), name, dtype, valid_range=True))


def _series(rng, folder):
    for calendar, gaps, dtypes in (
        ("standard", False, ["float64"]),
        ("standard", True, ["float64", "float32"]),
        ("noleap", True, ["float64"]),
        ("360_day", False, ["float32"]),
    ):
        folder_of = folder / f"{calendar}{' with gaps' if gaps else ''}"
        paths = tuple(fixtures.series(rng, folder_of, calendar, 600 if gaps else 110, gaps))
        for dtype in dtypes:
            yield from _of_series(Variable(paths, "sst", dtype))


def _of_series(sst: Variable):
    group = "series"
    # The whole, as it is put together.
    yield case(group, sst, Link("isel", lambda x: x, {"dimension": "time", "slice": (None, None, 1)}))
    for name in REDUCTIONS:
        for dim in DIMENSIONS:
            yield case(group, sst, reduce(name, dim))
        for part in PARTS:
            yield case("groups", sst, grouped(part, name))
        if "360_day" not in str(sst.paths[0]):
            yield case("groups", sst, resampled(name))
    for dim in DIMENSIONS:
        yield case(group, sst, reduce("median", dim))
    yield case(group, sst, slope("lat"))
    for dim in (["lat"], ["lat", "lon"], ["time", "lon"]):
        yield case(group, sst, weighted_mean(dim))
    for part in PARTS:
        yield case("groups", sst, grouped(part, "anomaly"))
        yield case("groups", sst, grouped(part, "anomaly"), reduce("std", "time"))
        yield case("groups", sst, between("lat", 0.0, 80.0), grouped(part, "mean"), reduce("mean", ["lat", "lon"]))
    for links in SELECTIONS:
        yield case("selection", sst, *(link for link in links))


def _written_by_xarray(rng, folder):
    """What xarray packs, of its own accord and as it is told."""
    values = rng.standard_normal((30, 4, 6)).cumsum(0)
    values[rng.random(values.shape) < 0.1] = np.nan
    days = np.arange("2001-02-20", "2001-03-22", dtype="datetime64[D]").astype("datetime64[ns]")
    labels = {"time": days, "lat": [-30.0, -10.0, 10.0, 30.0]}
    x = xr.DataArray(values, labels, ("time", "lat", "lon"), name="x")
    for number, encoding in enumerate(
        (
            {},
            {"dtype": "i2", "scale_factor": 0.01, "add_offset": 1.5, "_FillValue": -32768},
            {"dtype": "f4", "zlib": True, "chunksizes": (7, 2, 5), "_FillValue": -1e30},
            {"dtype": "u1", "scale_factor": 0.25, "add_offset": -20.0, "_FillValue": 255, "zlib": True},
            {"dtype": "i1", "_Unsigned": "true", "scale_factor": 0.25, "add_offset": -20.0, "_FillValue": -1},
        )
    ):
        path = folder / f"xarray {number}.nc"
        x.to_netcdf(path, encoding={"x": encoding}, engine="netcdf4")
        dtype = opened((path,))["x"].dtype.name
        variable = Variable((path,), "x", dtype)
        yield values_case("unpacking", variable)
        yield times_case("times", path)
        for name in REDUCTIONS:
            yield case("series", variable, reduce(name, "time"))
            yield case("groups", variable, grouped("month", name))
        yield case("selection", variable, during("2001-02-27", "2001-03-02"))


def _generated(programs, folder):
    """The benchmark's own files: what it averages, and what it takes anomalies of."""
    for dtype in ("i2", "f4"):
        paths = tuple(fixtures.generated(programs / "bench", folder / f"ocean {dtype}", dtype))
        sst = Variable(paths[:1], "sst", "float32")
        few = isel_slice("time", 0, 4, 1)
        yield case("ocean", sst, few, reduce("mean", "time"))
        yield case("ocean", sst, few, reduce("mean"))
        yield case("ocean", sst, few, reduce("std", "time"))
        yield case("ocean", sst, few, grouped("month", "anomaly"), reduce("std", "time"))
        yield case("ocean", sst, isel("time", 2), between("lat", -1.0, 1.0))
