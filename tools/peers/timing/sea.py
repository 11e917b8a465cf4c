"""What is computed of files, by xarray."""

from collections.abc import Callable, Sequence
from pathlib import Path

import bottleneck
import dask.array as da
import xarray as xr

# Days of a chunk: 100 MB as float32, about what Dask advises, and the fastest of those that were tried.
DAYS = 24
# A worker with little memory of its own needs smaller ones.
DAYS_OF_WORKERS = 12


def climatology(sst: xr.DataArray) -> xr.DataArray:
    """The mean of each day of the year; flox does the work."""
    return sst.groupby("time.dayofyear").mean()


def anomaly(sst: xr.DataArray) -> xr.DataArray:
    """The mean of the sizes of anomalies, by year."""
    days = sst.groupby("time.dayofyear")
    return abs(days - days.mean()).groupby("time.year").mean()


def anomaly_std(sst: xr.DataArray) -> xr.DataArray:
    """The standard deviation of what differs from the mean."""
    return (sst - sst.mean("time")).std("time")


def time_median(sst: xr.DataArray) -> xr.DataArray:
    """The median over time: whole series have to be put together."""
    series = sst.chunk(time=-1, lat="auto", lon="auto")
    return xr.apply_ufunc(
        bottleneck.nanmedian,
        series,
        input_core_dims=[["time"]],
        kwargs={"axis": -1},
        dask="parallelized",
        output_dtypes=[series.dtype],
    )


TABLE: dict[str, Callable[[xr.DataArray], xr.DataArray]] = {
    "mean": lambda sst: sst.mean("time"),
    "climatology": climatology,
    "anomaly": anomaly,
    "anomaly-std": anomaly_std,
    "time-median": time_median,
}


def lazy(workload: str, paths: Sequence[Path], engine: str, days: int, parallel: bool) -> da.Array:
    """The result, maps in order; with `parallel` the files are opened by the scheduler's workers."""
    dataset = xr.open_mfdataset(paths, engine=engine, chunks={"time": days}, parallel=parallel)
    return TABLE[workload](dataset["sst"]).transpose(..., "lat", "lon").data
