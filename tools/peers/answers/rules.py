"""How close an answer must be.

A rule makes of NumPy's function and its operands what is expected. Integers, bools and selected values are `exact`,
and so is what IEEE 754 rounds exactly: + - * /, square roots, rounding to whole numbers. Where both sides are rounded,
NumPy's function is evaluated in the widest type there is (80 bits on x86), so that its own errors don't count, and the
answer may be off by a bound that is stated with each rule.

NumPy's answer in the array's own type is right by definition, so it is always accepted, too.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .case import Expected

Function = Callable[..., Any]
Rule = Callable[[Function, list[np.ndarray], dict], Expected]

EPS = np.finfo(np.float64).eps
# Where `longdouble` is no wider than `float64`, NumPy's errors do count: its functions are good to four units.
OWN_ERROR = 0 if np.finfo(np.longdouble).nmant > 52 else 4


def widened(x: np.ndarray) -> np.ndarray:
    """Floats in the widest type, others as they are."""
    kind = x.dtype.kind
    return x.astype(np.longdouble if kind == "f" else np.clongdouble) if kind in "fc" else x


def spacing(value: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The distance of neighbouring numbers of `dtype` about `value`: for complex ones about its size."""
    part = np.empty(0, dtype).real.dtype
    # The greatest number has none beyond it.
    half = np.finfo(part).max / 2
    size = np.abs(value).astype(part)
    size = np.where(np.isfinite(size), size, 2 * half)
    return np.spacing(np.minimum(size, half)).astype(np.longdouble) * np.where(size > half, 2, 1)


def exact(function: Function, operands: list[np.ndarray], options: dict) -> Expected:
    """The same values, the same sign of zero, NaN where NumPy has NaN."""
    return Expected(np.asarray(function(*operands, **options)))


def equal(function: Function, operands: list[np.ndarray], options: dict) -> Expected:
    """The same values, but the sign of zero may differ: which zero is the least of several is nobody's business."""
    value = np.asarray(function(*operands, **options))
    return Expected(value, slack=np.zeros(value.shape))


def rounded(units: float, complex_units: float | None = None, condition: Function | None = None) -> Rule:
    """Functions of the C library, which are good to a unit in the last place: `units` of them. Complex functions are
    composed of real ones, and may be off by more, in relation to the size of the whole: `complex_units`, times the
    `condition` of the operands where a step on the way has to be rounded to float64."""

    def rule(function, operands, options):
        plain = np.asarray(function(*operands, **options))
        if plain.dtype.kind not in "fc":
            return Expected(plain)
        allowed = OWN_ERROR + (units if plain.dtype.kind == "f" or complex_units is None else complex_units)
        wide = np.asarray(function(*(widened(x) for x in operands), **options))
        if condition is not None and plain.dtype.kind == "c":
            allowed = allowed * np.nan_to_num(condition(*map(widened, operands)), nan=1)
        return Expected(wide, slack=allowed * spacing(wide, plain.dtype), narrow=plain.dtype, also=plain)

    return rule


def ieee(units: float) -> Rule:
    """What IEEE 754 rounds exactly: `exact`, but for complex numbers, for which it is `rounded(units)`."""

    def rule(function, operands, options):
        return (rounded(units) if operands[0].dtype.kind == "c" else exact)(function, operands, options)

    return rule


def _reduced(scale: Function) -> Rule:
    """A reduction that may be off by half a unit of its type, and by `scale(...)` units of `float64`, in which all
    floats are folded."""

    def rule(function, operands, options):
        plain = np.asarray(function(*operands, **options))
        if plain.dtype.kind not in "fc":
            return Expected(plain)
        wide = np.asarray(function(*(widened(x) for x in operands), **options))
        inner = np.nan_to_num(scale(*(widened(x) for x in operands), **options), posinf=0, neginf=0)
        slack = 0.5 * spacing(wide, plain.dtype) + EPS * inner
        return Expected(
            wide, slack=slack * (1 + 1e-9) + _narrow_error(plain, inner), narrow=plain.dtype, also=plain
        )

    return rule


def _narrow_error(plain, inner):
    """Nothing where the reference is wide; else what summing it in `float64` costs."""
    return OWN_ERROR * EPS * inner if OWN_ERROR else np.zeros(plain.shape)


def terms(x: np.ndarray, axis, keepdims=False) -> np.ndarray:
    """How many values are reduced into one."""
    return np.sum(np.ones(x.shape), axis=axis, keepdims=keepdims)


def size(x: np.ndarray) -> np.ndarray:
    """The size of each value as the widest float, NaN as zero."""
    return np.nan_to_num(
        np.abs(widened(x) if x.dtype.kind == "c" else x.astype(np.longdouble)), nan=0.0, posinf=np.inf
    )


def _sum_scale(x, axis=None, keepdims=False, **_):
    return terms(x, axis, keepdims) * np.sum(size(x), axis=axis, keepdims=keepdims)


def _mean_scale(x, axis=None, keepdims=False, **_):
    return np.sum(size(x), axis=axis, keepdims=keepdims)


def _product_scale(x, axis=None, keepdims=False, **_):
    whole = np.where(np.isnan(x), 1, x)
    return 4 * terms(x, axis, keepdims) * np.abs(np.prod(widened(whole), axis=axis, keepdims=keepdims))


def _variance_scale(x, axis=None, keepdims=False, **_):
    x = widened(np.asarray(x)) if x.dtype.kind in "fc" else x.astype(np.longdouble)
    options = {"axis": axis, "keepdims": keepdims}
    variance, mean = np.nanvar(x, **options), np.abs(np.nanmean(x, **options))
    return 4 * terms(x, **options) * np.sqrt(variance * (variance + mean**2))


def _deviation_scale(x, axis=None, keepdims=False, **_):
    options = {"axis": axis, "keepdims": keepdims}
    wide = widened(np.asarray(x)) if x.dtype.kind in "fc" else x.astype(np.longdouble)
    deviation = np.nanstd(wide, **options)
    return np.where(deviation > 0, _variance_scale(x, **options) / np.where(deviation > 0, deviation, 1), 0)


def _average_scale(x, weights, axis=None, keepdims=False, **_):
    placed = placed_weights(x, weights, axis)
    products = np.sum(size(x) * np.abs(placed), axis=axis, keepdims=keepdims)
    total = np.abs(np.sum(np.broadcast_to(placed, x.shape), axis=axis, keepdims=keepdims))
    return 4 * terms(x, axis, keepdims) * products / np.where(total > 0, total, 1)


def placed_weights(x: np.ndarray, weights: np.ndarray, axis) -> np.ndarray:
    """Weights that broadcast against `x`, where they have one axis for each reduced one."""
    if weights.shape == x.shape or axis is None:
        return weights
    axes = {each % x.ndim for each in axis}
    return weights.reshape([length if at in axes else 1 for at, length in enumerate(x.shape)])


# The error of a sum in any order is below (n - 1) eps sum |x|: Higham, Accuracy and Stability of Numerical Algorithms,
# 4.2.
summed = _reduced(_sum_scale)
averaged = _reduced(_mean_scale)
multiplied = _reduced(_product_scale)
# Welford's update has a relative error of n kappa eps, kappa^2 = 1 + mean^2 / variance: Chan, Golub and LeVeque 1983.
spread = _reduced(_variance_scale)
deviated = _reduced(_deviation_scale)
weighted = _reduced(_average_scale)


def _running_sum_scale(x, axis):
    return x.shape[axis] * np.cumsum(size(x), axis=axis)


def _running_product_scale(x, axis):
    return 4 * x.shape[axis] * np.abs(np.cumprod(widened(np.where(np.isnan(x), 1, x)), axis=axis))


running_sum = _reduced(_running_sum_scale)
running_product = _reduced(_running_product_scale)


def between(function: Function, operands: list[np.ndarray], options: dict) -> Expected:
    """A value of the array, exact; or one on the line between two of them, off by two units of the greatest."""
    plain = np.asarray(function(*operands, **options))
    (x,) = operands
    greatest = np.max(np.where(np.isfinite(x), size(x), 0), axis=options.get("axis"), keepdims=True, initial=0)
    exactly = options.get("method") in ("lower", "higher", "nearest", "inverted_cdf", "closest_observation")
    units = 0 if exactly else 2 * np.max(greatest, initial=0) * np.finfo(plain.dtype).eps
    return Expected(plain, slack=np.full(plain.shape, units))


def summed_in(scale: Function) -> Rule:
    """Sums in the array's own type, in any order: `scale` of the absolute values is what was summed. A sum may be off by
    as many units of that as it has terms, complex products by four times that."""

    def rule(function, operands, options):
        plain = np.asarray(function(*operands, **options))
        if plain.dtype.kind not in "fc":
            return Expected(plain)
        wide = np.asarray(function(*map(widened, operands), **options))
        sizes = [np.nan_to_num(size(x)) for x in operands]
        terms = np.asarray(scale(*(np.ones(x.shape) for x in operands), **options))
        summed = np.asarray(scale(*sizes, **options)).astype(np.longdouble)
        slack = (4 if plain.dtype.kind == "c" else 1) * (terms + 1) * np.finfo(plain.dtype).eps * summed
        return Expected(wide, slack=slack, narrow=plain.dtype, also=plain)

    return rule


def multiplied_out(function: Function, operands: list[np.ndarray], options: dict) -> Expected:
    """Sums of products: those of `summed_in`."""
    return summed_in(function)(function, operands, options)


def judge(found: np.ndarray, expected: Expected) -> np.ndarray:
    """Where the answer is right."""
    dtype = found.dtype
    narrow = expected.value.astype(dtype)
    if expected.slack is None:
        return _same(found, narrow) & _same_zero(found, narrow)
    right = _same(found, narrow)
    if expected.also is not None:
        right |= _same(found, expected.also)
        if dtype.kind == "c":
            right |= _same_class(found, expected.also)
    if dtype.kind in "fc":
        # Nothing is close to NaN, and only infinity to infinity.
        finite = np.isfinite(found) & np.isfinite(expected.value)
        distance = np.abs(np.where(finite, widened(found), 0) - np.where(finite, expected.value, 0))
        right |= finite & (distance <= expected.slack)
    return right


def _same(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if a.dtype.kind == "c":
        return _same(a.real, b.real) & _same(a.imag, b.imag)
    return (a == b) | ((a != a) & (b != b))


def _same_class(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where both complex numbers are infinite, or else both NaN. Their other part is not compared: it is whatever comes
    of inf - inf and inf * 0 on the way, also in NumPy, whose loops for the same function differ in it."""
    return (np.isinf(a) & np.isinf(b)) | (np.isnan(a) & ~np.isinf(a) & np.isnan(b) & ~np.isinf(b))


def _same_zero(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if a.dtype.kind == "c":
        return _same_zero(a.real, b.real) & _same_zero(a.imag, b.imag)
    if a.dtype.kind != "f":
        return np.ones(a.shape, bool)
    return (np.signbit(a) == np.signbit(b)) | np.isnan(b)
