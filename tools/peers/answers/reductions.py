"""Reductions over axes."""

from itertools import combinations

import numpy as np

from . import rules, values
from .case import Case, Input, Step
from .differences import expect
from .elementwise import operand
from .ops import Op


def count(x, axis=None, keepdims=False):
    """What xarray calls `count`."""
    return np.sum(~np.isnan(x), axis=axis, keepdims=keepdims)


def average(x, weights, axis=None, keepdims=False):
    return np.average(x, weights=weights, axis=axis, keepdims=keepdims)


def nanaverage(x, weights, axis=None, keepdims=False):
    """What xarray makes of `weighted(weights).mean()`."""
    placed = np.broadcast_to(rules.placed_weights(x, weights, axis), x.shape)
    valid = np.where(np.isnan(x), 0, placed)
    total = np.sum(valid, axis=axis, keepdims=keepdims)
    out = np.sum(np.nan_to_num(x, posinf=np.inf, neginf=-np.inf) * valid, axis=axis, keepdims=keepdims)
    out = out / np.where(total == 0, np.nan, total)
    return out.astype(x.dtype if x.dtype.kind in "fc" else np.float64)


OF_ALL = [
    Op("sum", np.sum, rules.summed),
    Op("nansum", np.nansum, rules.summed),
    Op("prod", np.prod, rules.multiplied),
    Op("nanprod", np.nanprod, rules.multiplied),
    Op("mean", np.mean, rules.averaged),
    Op("nanmean", np.nanmean, rules.averaged),
    Op("var", np.var, rules.spread),
    Op("nanvar", np.nanvar, rules.spread),
    Op("std", np.std, rules.deviated),
    Op("nanstd", np.nanstd, rules.deviated),
    Op("any", np.any),
    Op("all", np.all),
    Op("count_nonzero", np.count_nonzero),
    Op("count", count),
]
OF_REALS = [
    *(Op(name, getattr(np, name), rules.equal, "reals") for name in ("min", "max", "nanmin", "nanmax")),
    Op("ptp", np.ptp, rules.equal, "numbers"),
]
# Their axis is one, or all.
PLACES = [Op(name, getattr(np, name), types="reals") for name in ("argmin", "argmax", "nanargmin", "nanargmax")]
AVERAGES = [Op("average", average, rules.weighted, "all"), Op("nanaverage", nanaverage, rules.weighted, "reals")]
WITH_DDOF = ("var", "std", "nanvar", "nanstd")


def case(op: Op, inputs: list[Input], axis, **options) -> Case:
    arrays = [each.array for each in inputs]
    step = Step(op.name, tuple(range(len(inputs))), {"axis": axis, **options})
    numpy_axis = axis if axis is None else tuple(axis)
    if op in PLACES and axis is not None:
        (numpy_axis,) = axis
    return Case("reductions", inputs, [step], lambda: expect(op, arrays, {"axis": numpy_axis, **options}))


def axes(rng, ndim: int):
    """All axes, none named; every choice of them, some counted from the end."""
    yield None
    for many in range(ndim + 1):
        for chosen in combinations(range(ndim), many):
            yield [axis - ndim if rng.random() < 0.3 else axis for axis in chosen]


def cases(rng: np.random.Generator) -> list[Case]:
    out = []
    for op in OF_ALL + OF_REALS:
        for dtype in values.CLASSES[op.types]:
            out += _of_type(rng, op, dtype)
    for op in PLACES:
        for dtype in values.CLASSES[op.types]:
            out += _places(rng, op, dtype)
    for op in AVERAGES:
        for dtype in values.CLASSES[op.types]:
            out += _averages(rng, op, dtype)
    return out + list(_every_choice(rng)) + list(_long(rng)) + list(_impossible(rng))


def _pattern(rng, op, dtype):
    """A way to fill an array so that the result does not depend on the order in which it is folded: sums of the
    infinite and products of the huge do."""
    pattern = values.pick(rng, values.patterns(dtype))
    kind = np.dtype(dtype).kind
    if "prod" in op.name and kind in "fc":
        return {"plain": "near one", "special": "few" if kind == "f" else "near one"}.get(pattern, pattern)
    if op.name in WITH_DDOF and pattern in ("special", "extreme"):
        return "offset" if kind in "fc" else "plain"
    return "nan" if kind == "c" and pattern == "special" else pattern


def _of_type(rng, op, dtype):
    for _ in range(3):
        shape = values.shape(rng)
        options = {"keepdims": True} if rng.random() < 0.3 else {}
        if op.name in WITH_DDOF and rng.random() < 0.5:
            options["ddof"] = int(rng.integers(1, 3))
        x = operand(rng, dtype, shape, _pattern(rng, op, dtype))
        yield case(op, [x], values.pick(rng, list(axes(rng, len(shape)))), **options)


def _places(rng, op, dtype):
    for _ in range(3):
        shape = values.shape(rng, least=1)
        axis = values.pick(rng, [None, *([axis] for axis in range(-len(shape), len(shape)))])
        options = {"keepdims": True} if rng.random() < 0.3 else {}
        yield case(op, [operand(rng, dtype, shape, values.pick(rng, values.patterns(dtype)))], axis, **options)


def _averages(rng, op, dtype):
    shape = values.shape(rng, least=1, most=3)
    for axis in ([-1], None, [0]):
        of_axis = shape if axis is None else (shape[axis[0]],)
        for own in (shape, of_axis):
            weights = Input(np.abs(values.array(rng, "float64", own)) + 0.1, values.chunks(rng, own))
            yield case(op, [operand(rng, dtype, shape, values.patterns(dtype)[:2][-1]), weights], axis)


def _every_choice(rng):
    """Each reduction over each choice of the axes of one array."""
    for op in OF_ALL + OF_REALS:
        dtype = values.pick(rng, ("float32", "float64"))
        x = operand(rng, dtype, (5, 4, 6), "near one" if "prod" in op.name else "nan")
        for axis in axes(rng, 3):
            yield case(op, [x], axis)


def _long(rng):
    """Sums so long that naive ones in their own type are far off."""
    for dtype in ("float32", "float64", "complex64", "int32"):
        x = values.array(rng, dtype, (400, 1000), "offset")
        for op in OF_ALL[:1] + OF_ALL[4:5] + OF_ALL[6:9:2]:
            for axis in (None, [0], [1]):
                yield case(op, [Input(x, (130, 600))], axis)


def _impossible(rng):
    for op in OF_REALS + PLACES:
        for shape, axis in (((0,), None), ((3, 0), [1]), ((0, 3), None)):
            yield case(op, [operand(rng, "float64", shape)], axis)
    for op in OF_ALL[:1] + OF_REALS[:1]:
        for axis in ([3], [-4], [1, 1], [0, -3]):
            yield case(op, [operand(rng, "int16", (2, 3, 4))], axis)
    for op in PLACES[2:]:
        yield case(op, [operand(rng, "float32", (2, 3), "all nan")], [1])
    zero = Input(np.zeros(4), (2,))
    yield case(AVERAGES[0], [operand(rng, "float64", (4,)), zero], None)
    yield case(AVERAGES[0], [operand(rng, "float64", (4,)), Input(np.ones(3), (2,))], None)
