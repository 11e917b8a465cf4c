"""Variables of files, with their labels: what xarray makes of them."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import netCDF4
import numpy as np
import xarray as xr

from . import fixtures, rules
from .case import Case, Expected, Step

REDUCTIONS = ("mean", "sum", "min", "max", "std", "var", "count")
PARTS = {
    "year": lambda x: x.groupby("time.year"),
    "month": lambda x: x.groupby("time.month"),
    "dayofyear": lambda x: x.groupby("time.dayofyear"),
    "season": lambda x: x.groupby("time.season"),
}
SEASONS = ["DJF", "MAM", "JJA", "SON"]


@dataclass(frozen=True)
class Variable:
    """A variable of a file, or of a series of files."""

    paths: tuple[Path, ...]
    name: str
    dtype: str
    mask_and_scale: bool = True
    valid_range: bool = False

    def text(self) -> str:
        many = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        options = "" if self.mask_and_scale else ", stored"
        options += ", valid range" if self.valid_range else ""
        return f"{self.paths[0].name}{many}: {self.name} as {self.dtype}{options}"

    def listing(self) -> dict:
        """For the other side, which takes several files by a pattern."""
        one = len(self.paths) == 1
        pattern = self.paths[0] if one else os.path.commonprefix([str(path) for path in self.paths]) + "*.nc"
        return {
            "path": str(pattern),
            "variable": self.name,
            "dtype": self.dtype,
            "mask_and_scale": self.mask_and_scale,
            "valid_range": self.valid_range,
        }


@dataclass(frozen=True)
class Link:
    """A step, and what xarray does in its place."""

    do: str
    xarray: Callable[[xr.DataArray], xr.DataArray]
    options: dict = field(default_factory=dict)


@lru_cache(maxsize=None)
def opened(paths: tuple[Path, ...], mask_and_scale: bool = True, decode_times: bool = True) -> xr.Dataset:
    """The data as xarray has them, in memory; of a series, sorted by time."""
    options = {"mask_and_scale": mask_and_scale, "decode_times": decode_times}
    parts = [xr.open_dataset(path, **options).load() for path in paths]
    if len(parts) == 1:
        return parts[0]
    time = next(iter(name for name in ("time", "time_centered") if name in parts[0]))
    along = parts[0][time].dims[0]
    return xr.concat(sorted(parts, key=lambda part: part[time].values[0]), along, data_vars="minimal", join="override")


def case(group: str, variable: Variable, *links: Link) -> Case:
    def expect():
        read = opened(variable.paths)[variable.name]
        first = x = read.astype(variable.dtype).astype(np.float64)
        for link in links:
            x = link.xarray(x)
        return _close(x, first, variable, links, _unpacked(read))

    steps = [Step(link.do, (), link.options) for link in links]
    return Case(group, [], steps, expect, variable=variable)


def _unpacked(read: xr.DataArray) -> float:
    """How far xarray's values are off, which it unpacks in float32 where it thinks that this is enough."""
    packed = {"scale_factor", "add_offset"} & set(read.encoding)
    if not packed or read.dtype != np.float32:
        return 0.0
    sizes = float(np.nanmax(np.abs(read.values), initial=0)) + 2 * abs(float(read.encoding.get("add_offset", 0)))
    return 2 * float(np.spacing(np.float32(sizes)))


def _close(x: xr.DataArray, first: xr.DataArray, variable: Variable, links: tuple[Link, ...], unpacked: float):
    """Everything is folded in float64 and rounded to the variable's type: off by as many units of the greatest value as
    there are values, and sums by as many for each of them; by half a unit more for each step before the last. Selected
    values are exact."""
    done = [link.do for link in links]
    value = np.asarray(x.values)
    if value.dtype.kind in "iu":
        return Expected(value.astype(np.int64))
    narrow = np.dtype(variable.dtype)
    if set(done) <= {"sel", "isel", "min", "max"} and not unpacked:
        return Expected(value.astype(narrow))
    greatest = float(np.nanmax(np.abs(first.values), initial=0))
    sums = "sum" in done or any(link.options.get("reduce") == "sum" for link in links)
    terms = first.size / max(value.size, 1) if sums else 1
    inner = 4 * rules.EPS * greatest * first.size * max(1, greatest) + unpacked * (terms + 1)
    # An anomaly is two steps: its mean is rounded.
    steps = sum(2 if link.options.get("reduce") == "anomaly" else link.do not in ("sel", "isel") for link in links)
    inner += 0.5 * max(steps - 1, 0) * float(rules.spacing(np.array(greatest), narrow))
    return Expected(value, slack=0.5 * rules.spacing(value, narrow) * (1 + 1e-9) + inner, narrow=narrow)


def reduce(name: str, dim=None) -> Link:
    return Link(name, lambda x: getattr(x, name)(dim), {"dim": [dim] if isinstance(dim, str) else dim})


def slope(name: str) -> Link:
    """Of the line through what is there, along labels that are numbers. Of the many lines through a single value NumPy
    takes the least, with a warning; thermocline has no slope there."""

    def fit(x):
        fitted = x.polyfit(name, 1, skipna=True).polyfit_coefficients.sel(degree=1, drop=True)
        return fitted.where(x.count(name) > 1)

    return Link("slope", fit, {"coordinate": name})


def weighted_mean(dim: list[str]) -> Link:
    """Weighted by the area of a cell of a grid of degrees."""
    return Link(
        "weighted_mean",
        lambda x: x.weighted(np.cos(np.deg2rad(x.lat.astype(np.float64)))).mean(dim),
        {"dim": dim, "coordinate": "lat"},
    )


def isel(dimension: str, place: int) -> Link:
    return Link("isel", lambda x: x.isel({dimension: place}), {"dimension": dimension, "place": place})


def isel_slice(dimension: str, *ends) -> Link:
    return Link("isel", lambda x: x.isel({dimension: slice(*ends)}), {"dimension": dimension, "slice": ends})


def sel(name: str, label: float) -> Link:
    return Link("sel", lambda x: x.sel({name: label}), {"coordinate": name, "label": label})


def nearest(name: str, label: float) -> Link:
    return Link("sel", lambda x: x.sel({name: label}, method="nearest"), {"coordinate": name, "nearest": label})


def between(name: str, first: float, last: float) -> Link:
    def select(x):
        descending = x[name].size > 1 and x[name].values[0] > x[name].values[-1]
        ends = (max(first, last), min(first, last)) if descending else (min(first, last), max(first, last))
        return x.sel({name: slice(*ends)})

    return Link("sel", select, {"coordinate": name, "range": (first, last)})


def during(first: str | None, last: str | None, name: str = "time") -> Link:
    return Link("sel", lambda x: x.sel({name: slice(first, last)}), {"coordinate": name, "times": (first, last)})


def grouped(part: str, name: str) -> Link:
    """Groups of times; xarray has seasons in the order of the alphabet."""

    def apply(x):
        groups = PARTS[part](x)
        if name == "anomaly":
            return groups - groups.mean("time")
        found = getattr(groups, name)("time")
        return found.sel(season=[each for each in SEASONS if each in found.season]) if part == "season" else found

    return Link("groupby", apply, {"coordinate": "time", "part": part, "reduce": name})


def resampled(name: str) -> Link:
    """Months of years; xarray has those without a time as well."""

    def apply(x):
        there = x.time.resample(time="MS").count() > 0
        return getattr(x.resample(time="MS"), name)().isel(time=np.flatnonzero(there.values))

    return Link("groupby", apply, {"coordinate": "time", "part": "month of year", "reduce": name})


def values_case(group: str, variable: Variable) -> Case:
    """The values, as xarray unpacks them; their type is xarray's."""

    def expect():
        x = opened(variable.paths, variable.mask_and_scale, decode_times=False)[variable.name]
        attributes = {**x.encoding, **x.attrs} if variable.mask_and_scale else {}
        value = x.values
        if value.dtype.kind != "f" or not {"scale_factor", "add_offset"} & set(attributes):
            return Expected(value)
        # xarray multiplies and adds in the type that it gives: a unit each, of the product, too.
        wide = value.astype(np.longdouble)
        sizes = np.abs(wide) + 2 * abs(float(attributes.get("add_offset", 0)))
        return Expected(wide, slack=2 * rules.spacing(sizes, value.dtype), narrow=value.dtype)

    return Case(group, [], [], expect, variable=variable)


def masked_case(group: str, variable: Variable) -> Case:
    """Valid ranges, which xarray ignores and netCDF4 applies."""

    def expect():
        with netCDF4.Dataset(variable.paths[0]) as file:
            value = np.ma.filled(file[variable.name][:].astype(variable.dtype), np.nan)
        return Expected(np.asarray(value, variable.dtype))

    return Case(group, [], [], expect, variable=variable)


def times_case(group: str, path: Path, name: str = "time", variable: str = "x") -> Case:
    """Decoded times, by cftime."""

    def expect():
        with netCDF4.Dataset(path) as file:
            time = file[name]
            return Expected(fixtures.decoded(np.asarray(time[:]), time.units, getattr(time, "calendar", "standard")))

    return Case(
        group, [], [Step("times", (), {"coordinate": name})], expect, variable=Variable((path,), variable, "float64")
    )
