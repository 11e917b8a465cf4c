"""Made-up numbers: those of `bench`, so that answers can be compared."""

import ctypes
from collections.abc import Callable
from functools import cache

import numpy as np


@cache
def _fill(library: str) -> Callable[..., None]:
    """The function; Python's lock is not held while it runs."""
    fill = ctypes.CDLL(library).fill
    fill.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_uint64, ctypes.c_uint64]
    fill.restype = None
    return fill


def block(library: str, shape: tuple[int, ...], location: list[tuple[int, int]]) -> np.ndarray:
    """The part of an array of `shape`, of one or two axes, that lies at `location`: from and to along each axis."""
    out = np.empty([stop - start for start, stop in location])
    rows, columns = out.shape if out.ndim == 2 else (1, out.size)
    width, (left, _) = shape[-1], location[-1]
    top = location[0][0] if out.ndim == 2 else 0
    _fill(library)(out.ctypes.data, rows, columns, top * width + left, width)
    return out
