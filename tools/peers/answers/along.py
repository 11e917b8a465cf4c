"""Operations along an axis: running sums, differences, order, quantiles."""

from functools import partial

import numpy as np

from . import reductions, rules, values
from .case import Case, Input
from .elementwise import operand
from .ops import Op
from .single import single

case = partial(single, "along an axis")


def topk(x, k, axis):
    """What Dask calls so."""
    length = x.shape[axis]
    picked = range(length - 1, max(length - 1 - k, -1), -1) if k >= 0 else range(min(-k, length))
    return np.take(np.sort(x, axis), list(picked), axis) if length else np.sort(x, axis)


SCANS = [
    Op("cumsum", np.cumsum, rules.running_sum),
    Op("nancumsum", np.nancumsum, rules.running_sum),
    Op("cumprod", np.cumprod, rules.running_product),
    Op("nancumprod", np.nancumprod, rules.running_product),
]
DIFF = Op("diff", lambda x, n, axis: np.diff(x, n, axis), rules.ieee(2), "arithmetic")
SORT = Op("sort", np.sort, rules.equal, "reals")
TOPK = Op("topk", topk, rules.equal, "reals")
MEDIANS = [Op(name, getattr(np, name), rules.between, "numbers") for name in ("median", "nanmedian")]
QUANTILES = [
    Op(name, getattr(np, name), rules.between, "numbers")
    for name in ("quantile", "nanquantile", "percentile", "nanpercentile")
]
CONTINUOUS = ("linear", "midpoint", "averaged_inverted_cdf", "interpolated_inverted_cdf", "hazen", "weibull")
METHODS = (
    *CONTINUOUS,
    *("median_unbiased", "normal_unbiased"),
    *("lower", "higher", "nearest", "inverted_cdf", "closest_observation"),
)


def cases(rng: np.random.Generator) -> list[Case]:
    return [
        *(each for op in SCANS for each in _scans(rng, op)),
        *_differences(rng),
        *(each for op in (SORT, TOPK) for each in _ordered(rng, op)),
        *(each for op in MEDIANS for each in _medians(rng, op)),
        *(each for op in QUANTILES for each in _quantiles(rng, op)),
        *_methods(rng),
        *_long(rng),
        *_impossible(rng),
    ]


def _axis(rng, shape) -> int:
    return int(rng.integers(-len(shape), len(shape)))


def _scans(rng, op):
    for dtype in values.CLASSES[op.types]:
        for pattern in values.patterns(dtype):
            pattern = "plain" if pattern == "special" else pattern
            if "prod" in op.name and pattern == "plain" and np.dtype(dtype).kind in "fc":
                pattern = "near one"
            shape = values.shape(rng, least=1)
            yield case(op, [operand(rng, dtype, shape, pattern)], axis=_axis(rng, shape))


def _differences(rng):
    for dtype in values.CLASSES[DIFF.types]:
        for pattern in values.patterns(dtype)[:3]:
            for n in (1, 2, 4):
                shape = values.shape(rng, least=1)
                axis = _axis(rng, shape)
                yield case(DIFF, [operand(rng, dtype, shape, pattern)], n=n, axis=axis)
        yield case(DIFF, [operand(rng, dtype, (5, 3))], n=0, axis=0)
        yield case(DIFF, [operand(rng, dtype, (3, 3))], n=3, axis=0)
        yield case(DIFF, [operand(rng, dtype, (3, 3))], n=5, axis=1)


def _ordered(rng, op):
    for dtype in values.CLASSES[op.types]:
        for pattern in values.patterns(dtype):
            for _ in range(2):
                shape = values.shape(rng, least=1)
                options = {"k": int(rng.integers(-12, 13))} if op is TOPK else {}
                yield case(op, [operand(rng, dtype, shape, pattern)], **options, axis=_axis(rng, shape))


def _filled(rng, dtype, shape):
    """Between infinities there is no line, so the infinite are left to medians."""
    return operand(rng, dtype, shape, values.pick(rng, [each for each in values.patterns(dtype) if each != "special"]))


def _axes(rng, shape):
    chosen = values.pick(rng, list(reductions.axes(rng, len(shape))))
    return None if not chosen else tuple(chosen)


def _kept(rng):
    return {"keepdims": True} if rng.random() < 0.3 else {}


def _medians(rng, op):
    for dtype in (*values.CLASSES[op.types], *values.CLASSES["real_floats"]):
        for pattern in values.patterns(dtype):
            # NumPy's own can't reshape what is empty; that is asked below, along single axes.
            shape = tuple(max(length, 1) for length in values.shape(rng))
            x = operand(rng, dtype, shape, "few" if pattern == "special" else pattern)
            yield case(op, [x], axis=_axes(rng, shape), **_kept(rng))


def _quantiles(rng, op):
    scale = 100 if "percentile" in op.name else 1
    for dtype in values.CLASSES[op.types]:
        for q in (0.0, 0.3, 1.0, (0.25, 0.5, 0.75), (0.9,)):
            shape = values.shape(rng)
            scaled = tuple(each * scale for each in q) if isinstance(q, tuple) else q * scale
            yield case(op, [_filled(rng, dtype, shape)], q=scaled, axis=_axes(rng, shape), **_kept(rng))


def _methods(rng):
    """All methods, with few values and with many, and quantiles that meet a value and that don't."""
    asked = (0.0, 0.1, 0.2, 0.25, 0.3, 0.5, 0.61, 0.75, 0.9, 1.0)
    for method in METHODS:
        for op in QUANTILES[:2]:
            for dtype in ("float64", "float32", "int16"):
                for length in (1, 2, 3, 4, 5, 10, 11, 101):
                    x = _filled(rng, dtype, (length, 3))
                    yield case(op, [x], q=asked, axis=(0,), method=method)


def _long(rng):
    """An array as a whole, in more values than a tile."""
    for dtype in ("float64", "float32", "int32", "uint8"):
        x = Input(values.array(rng, dtype, (500, 400)), (130, 90))
        for op in MEDIANS:
            yield case(op, [x], axis=None)
        yield case(QUANTILES[0], [x], q=(0.001, 0.25, 0.999), axis=None)
        yield case(SORT, [x], axis=0)
        yield case(TOPK, [x], k=7, axis=1)
        yield case(SCANS[0], [x], axis=1)


def _impossible(rng):
    x = operand(rng, "float64", (3, 4))
    for op in (*SCANS, SORT):
        for axis in (2, -3):
            yield case(op, [x], axis=axis)
    yield case(DIFF, [x], n=1, axis=2)
    yield case(TOPK, [x], k=1, axis=2)
    for op in MEDIANS:
        for axis in ((2,), (0, 0), (0, -2)):
            yield case(op, [x], axis=axis)
    for op in QUANTILES:
        for q in (-0.1, 100.5, (0.5, 101.0)):
            yield case(op, [x], q=q, axis=None)
    number = operand(rng, "float64", ())
    yield case(DIFF, [number], n=1, axis=0)
    yield case(MEDIANS[0], [number], axis=None)
    for op in MEDIANS:
        for shape, axis in (((0,), None), ((3, 0), (1,)), ((0, 3), (1,))):
            yield case(op, [operand(rng, "float64", shape)], axis=axis)
