"""What is computed of made-up numbers, by dask.array: the formulas of `bench list`, in the same chunks."""

from collections.abc import Callable
from math import isqrt

import dask.array as da
import numpy as np

from . import splitmix

# Elements of a large chunk, as in `bench`: 32 MiB.
CHUNK = 4 << 20


def tile(side: int) -> int:
    """The side of a square chunk."""
    return min(-(-side // 6), isqrt(CHUNK))


def lanes(side: int, most: int) -> int:
    """How many whole rows or columns make a chunk of at most `most` elements."""
    return max(min(-(-side // (16 * CHUNK // most)), most // side), 1)


def numbers(library: str, shape: tuple[int, ...], chunks: tuple[int, ...]) -> da.Array:
    """An array of made-up numbers."""

    def make(block_info: dict) -> np.ndarray:
        return splitmix.block(library, shape, block_info[None]["array-location"])

    grid = da.core.normalize_chunks(chunks, shape, dtype=float)
    return da.map_blocks(make, chunks=grid, dtype=float, meta=np.empty((0,) * len(shape)))


def line(library: str, size: int) -> da.Array:
    """Numbers along one axis."""
    elements = size // 8
    return numbers(library, (elements,), (min(-(-elements // 8), CHUNK),))


def tiles(library: str, size: int) -> da.Array:
    """A matrix in square chunks."""
    side = isqrt(size // 8)
    return numbers(library, (side, side), (tile(side), tile(side)))


def columns(library: str, size: int) -> da.Array:
    """A matrix in chunks of whole columns."""
    side = isqrt(size // 8)
    return numbers(library, (side, side), (side, lanes(side, 2 * CHUNK)))


def transpose(x: da.Array) -> da.Array:
    return (x + x.T).mean(axis=0)


def swap_axes(x: da.Array) -> da.Array:
    return x.rechunk((lanes(x.shape[1], 2 * CHUNK), -1)).sum()


def tiles_to_rows(x: da.Array) -> da.Array:
    return x.rechunk((-1, lanes(x.shape[0], CHUNK))).sum()


def centering(x: da.Array) -> da.Array:
    return abs(x - x.mean(axis=0)).mean()


def dot(x: da.Array) -> da.Array:
    return (x @ x.T).sum()


# The array of a workload, and what is computed of it; `spilling` keeps the array first.
TABLE: dict[str, tuple[Callable[[str, int], da.Array], Callable[[da.Array], da.Array]]] = {
    "spilling": (line, da.sum),
    "transpose": (tiles, transpose),
    "swap_axes": (columns, swap_axes),
    "tiles_to_rows": (tiles, tiles_to_rows),
    "centering": (tiles, centering),
    "dot": (tiles, dot),
}
