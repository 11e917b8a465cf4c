"""Real files, of `THERMOCLINE_TEST_DATA`: three days of OISST, monthly means of ERSST, NEMO and OSTIA."""

from pathlib import Path

from .case import Case
from .fields import (
    REDUCTIONS,
    PARTS,
    Variable,
    between,
    case,
    during,
    grouped,
    isel,
    isel_slice,
    nearest,
    opened,
    reduce,
    resampled,
    sel,
    times_case,
    values_case,
)

# The folder `sst/` of the data, a variable a line.
VARIABLES = [
    ("oisst/20050101120000-NCEI-L4_GHRSST-SSTblend-AVHRR_OI-GLOB-v02.0-fv02.0.nc", "analysed_sst"),
    ("oisst/20151101120000-NCEI-L4_GHRSST-SSTblend-AVHRR_OI-GLOB-v02.0-fv02.0.nc", "analysed_sst"),
    ("oisst/oisst-avhrr-v02r01.20211025.nc", "sst"),
    ("oisst/oisst-avhrr-v02r01.20211025.nc", "ice"),
    ("monthly/sst.mnmean.nc", "sst"),
    ("monthly/nemo_1m_20150101-20150201_grid-T.nc", "tos"),
    ("monthly/ostia_monthly.nc", "surface_temperature"),
    ("monthly/ostia_monthly.v1.nc", "surface_temperature"),
    ("monthly/ostia_monthly.v3.nc", "surface_temperature"),
    ("monthly/ostia_monthly.v5.nc", "surface_temperature"),
]
TIMES = [
    ("monthly/sst.mnmean.nc", "time", "sst"),
    ("monthly/nemo_1m_20150101-20150201_grid-T.nc", "time_centered", "tos"),
    ("oisst/oisst-avhrr-v02r01.20211025.nc", "time", "sst"),
    ("oisst/20050101120000-NCEI-L4_GHRSST-SSTblend-AVHRR_OI-GLOB-v02.0-fv02.0.nc", "time", "analysed_sst"),
    ("monthly/ostia_monthly.nc", "time", "surface_temperature"),
]
SELECTIONS = [
    (during("1998-05", "1999-02"),),
    (during("1990", "1990"), reduce("mean")),
    (during(None, "1985-06"), between("lat", -30.0, 30.0)),
    (during("2199", None),),
    (sel("lat", 0.0), isel("time", -1)),
    (nearest("lat", 0.9), nearest("lon", 181.2)),
    (nearest("lat", -100.0),),
    (between("lat", -30.0, 30.0), between("lon", 100.0, 280.0), reduce("mean", ["lat", "lon"])),
    (isel_slice("time", None, None, -12), isel_slice("lat", 10, 50, 3)),
    (isel_slice("lon", -5, None, 1), isel("lat", 40)),
]
DIMENSIONS = (None, "time", ["time", "lon"], ["lat", "lon"], "lon")


def cases(data: Path) -> list[Case]:
    folder = data / "sst"
    out = []
    for path, name in VARIABLES:
        path = folder / path
        for mask_and_scale in (True, False):
            dtype = opened((path,), mask_and_scale, decode_times=False)[name].dtype.name
            out.append(values_case("real files", Variable((path,), name, dtype, mask_and_scale)))
        for reduction in REDUCTIONS:
            out.append(case("real files", Variable((path,), name, "float64"), reduce(reduction)))
    out += [times_case("real files", folder / path, name, variable) for path, name, variable in TIMES]
    return out + list(_monthly(folder)) + list(_series(folder))


def _monthly(folder):
    for dtype in ("float32", "float64"):
        sst = Variable((folder / "monthly/sst.mnmean.nc",), "sst", dtype)
        for name in REDUCTIONS:
            for dim in DIMENSIONS:
                yield case("real files", sst, reduce(name, dim))
            for part in PARTS:
                yield case("real files", sst, grouped(part, name))
            yield case("real files", sst, resampled(name))
        for part in PARTS:
            yield case("real files", sst, grouped(part, "anomaly"))
            yield case("real files", sst, grouped(part, "anomaly"), reduce("std", "time"))
        for links in SELECTIONS:
            yield case("real files", sst, *links)


def _series(folder):
    """The three months of NEMO, whose times are beside their dimension."""
    tos = Variable(tuple(sorted((folder / "monthly").glob("nemo_*.nc"))), "tos", "float32")
    for name in REDUCTIONS:
        for dim in (None, "time_counter", ["x", "y"]):
            yield case("real files", tos, reduce(name, dim))
