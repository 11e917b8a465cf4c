"""Where thermocline differs from NumPy and Dask on purpose.

Each difference says which cases it is about and what is right there instead, so that they are checked, too. The report
counts them. Those from NumPy are here, those from Dask in `graphs`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from .case import Expected
from .ops import Op


@dataclass(frozen=True)
class Difference:
    name: str
    reason: str


@dataclass(frozen=True)
class OfOperations(Difference):
    applies: Callable[[Op, list[np.ndarray], dict], bool]
    function: Callable[..., np.ndarray] | None = None
    """What takes the place of NumPy's function: of the operation, and its operands."""


def expect(op: Op, operands: list[np.ndarray], options: dict) -> Expected:
    """What is right for an operation: what NumPy has, or what it is on purpose."""
    for difference in DIFFERENCES:
        if difference.applies(op, operands, options):
            try:
                own = op.rule(partial(difference.function, op), operands, options)
            except Refusal as refusal:
                refusal.difference = difference.name
                raise
            return replace(own, difference=difference.name)
    return op.rule(op.numpy, operands, options)


class Refusal(Exception):
    """What is raised where thermocline refuses on purpose."""

    difference: str | None = None


def _small(x: np.ndarray) -> bool:
    return x.dtype.kind in "biu" and x.dtype.itemsize <= 2


def _saturated(op, x, dtype):
    info = np.iinfo(dtype)
    whole = np.nan_to_num(np.trunc(x.astype(np.longdouble)), nan=0, posinf=np.inf, neginf=-np.inf)
    return np.clip(whole, np.longdouble(info.min), np.longdouble(info.max)).astype(dtype)


def _truncated(op, x, y):
    x, y = np.broadcast_arrays(x, y)
    quotient = np.abs(x.astype(object)) // np.abs(np.where(y == 0, 1, y).astype(object))
    signed = np.where((x < 0) != (y < 0), -quotient, quotient)
    return (
        np.where(y == 0, 0, signed)
        .astype(object)
        .astype(np.int64 if x.dtype.kind == "i" else np.uint64)
        .astype(x.dtype)
    )


def _average(op, x, weights, **options):
    wide = x.dtype in (np.longdouble, np.clongdouble)
    average = op.numpy(x, weights, **options)
    return average if wide else average.astype(x.dtype)


def _rounded_whole(op, x, decimals):
    scale = 10**-decimals
    halves = [(int(value) * 2 + scale, 2 * scale) for value in x.ravel()]
    # The nearest multiple, of two the even one.
    nearest = [n // d - (n % d == 0 and (n // d) % 2) for n, d in halves]
    wrapped = np.array([value * scale % 2**64 for value in nearest], np.uint64).reshape(x.shape)
    return wrapped.astype(x.dtype)


def _reciprocal(op, x):
    if x.dtype.kind == "c":
        return np.where(x == 0, 1 / x, op.numpy(x))
    return np.where(x == 0, 0, op.numpy(np.where(x == 0, 1, x))).astype(x.dtype)


def _refused(op, *x, **options):
    raise Refusal("an array of no dimension")


QUANTILES = ("quantile", "nanquantile", "percentile", "nanpercentile")


def _of_nothing(op, x, q, axis=None, keepdims=False, method=None):
    shape = np.shape(q) + np.sum(x, axis=axis, keepdims=keepdims).shape
    return np.full(shape, np.nan, x.dtype if x.dtype.kind == "f" else np.float64)


def _wide_quantile(op, x, **options):
    found = op.numpy(x.astype(np.float64), **options)
    return np.asarray(found, x.dtype if x.dtype.kind == "f" else np.float64)


DIFFERENCES = [
    OfOperations(
        "`dot` is no product with a number",
        "NumPy's is, of arrays of no dimension; that is `*` (`dot`)",
        lambda op, x, o: op.name == "dot" and 0 in (x[0].ndim, x[1].ndim),
        _refused,
    ),
    OfOperations(
        "quantiles of no value are NaN",
        "as its median is in NumPy, which refuses to take other quantiles, or forgets their axis (`quantile`)",
        lambda op, x, o: op.name in QUANTILES and x[0].size == 0,
        _of_nothing,
    ),
    OfOperations(
        "quantiles of integers and float32 are found in float64",
        "NumPy subtracts neighbouring integers in their own type, where the difference may not fit, and rounds a "
        "quantile to float32 for float32, but makes float64 of it where there are several (`quantile`)",
        lambda op, x, o: op.name in QUANTILES and x[0].dtype != np.float64,
        _wide_quantile,
    ),
    OfOperations(
        "functions of small integers are float64",
        "NumPy takes float16 for 8-bit integers and bools, float32 for 16-bit ones; thermocline has no float16, and "
        "loses nothing (module `ufunc`)",
        lambda op, x, o: op.inexact and _small(x[0]),
        lambda op, *x, **o: op.numpy(*(each.astype(np.float64) for each in x), **o),
    ),
    OfOperations(
        "`/` keeps integers integers",
        "the operator is Rust's: rounded towards zero, zero for a divisor of zero; `divide` is NumPy's (`ufunc`)",
        lambda op, x, o: op.name == "/" and x[0].dtype.kind in "iu",
        _truncated,
    ),
    OfOperations(
        "floats saturate when they become integers",
        "as Rust's `as`, NaN becoming zero; what NumPy gives depends on the CPU (trait `Cast`)",
        lambda op, x, o: op.name == "astype" and x[0].dtype.kind == "f" and np.dtype(o["dtype"]).kind in "iu",
        _saturated,
    ),
    OfOperations(
        "an average has its array's type",
        "NumPy's has that of the weights if it is wider; thermocline computes it in float64 and rounds (`average`)",
        lambda op, x, o: op.name == "average" and x[0].dtype in (np.float32, np.complex64),
        _average,
    ),
    OfOperations(
        "integers are rounded to tens exactly",
        "NumPy goes through float64, and loses what that can't hold (`round`)",
        lambda op, x, o: op.name == "round" and x[0].dtype.kind in "iu" and o["decimals"] < 0,
        _rounded_whole,
    ),
    OfOperations(
        "one divided by zero is the same as the reciprocal of zero",
        "zero for integers, where NumPy gives what the CPU makes of infinity, and infinite for complex numbers, where "
        "NumPy's reciprocal, unlike its division, gives NaN (`reciprocal`)",
        lambda op, x, o: op.name == "reciprocal" and x[0].dtype.kind in "iuc",
        _reciprocal,
    ),
]
