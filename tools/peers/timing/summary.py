"""The figures by which answers are compared: those of `bench run --json`."""

from dataclasses import dataclass
from math import prod

import dask
import dask.array as da
import numpy as np


@dataclass(frozen=True)
class Part:
    """How many values a part of an array has, their sum, and the sum of values times their indices in the whole."""

    valid: int
    total: float
    moment: float


def part(block: np.ndarray, start: tuple[int, ...], shape: tuple[int, ...]) -> Part:
    """The figures of the block of an array of `shape` that begins at `start`; NaN is missing."""
    moment = 0.0
    for axis, first in enumerate(start):
        # An index is a sum over axes, so that each can be summed apart, without an array of indices.
        others = tuple(other for other in range(block.ndim) if other != axis)
        along = np.nansum(block, axis=others, dtype=float)
        moment += prod(shape[axis + 1 :]) * float(along @ np.arange(first, first + along.size, dtype=float))
    valid = int(np.count_nonzero(~np.isnan(block)))
    return Part(valid, float(np.nansum(block, dtype=float)), moment)


def parts(array: np.ndarray | da.Array) -> list[Part]:
    """The figures of an array's blocks, found where the blocks are."""
    if not isinstance(array, da.Array):
        return [part(np.asarray(array), (0,) * np.ndim(array), np.shape(array))]
    starts = [np.cumsum([0, *lengths[:-1]]).tolist() for lengths in array.chunks]
    blocks = array.to_delayed()

    def start(at: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(own[index] for own, index in zip(starts, at, strict=True))

    lazy = [dask.delayed(part)(blocks[at], start(at), array.shape) for at in np.ndindex(blocks.shape)]
    return list(dask.compute(*lazy))


def figures(array: np.ndarray | da.Array) -> dict[str, object]:
    """The figures of an array, by `bench`'s names."""
    found = parts(array)
    valid = sum(each.valid for each in found)
    total, moment = (sum(getattr(each, name) for each in found) for name in ("total", "moment"))
    shape = list(np.shape(array))
    return {
        "result_shape": shape,
        "result_valid": valid,
        "result_mean": total / valid if valid else None,
        "result_moment": moment / valid / prod(shape) if valid else None,
    }
