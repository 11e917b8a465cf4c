"""Operations on the places of values: parts, joins, axes, chunks."""

from functools import partial

import numpy as np

from . import values
from .case import Case, Input
from .elementwise import operand
from .ops import Op
from .single import single

case = partial(single, "structure")


def sliced(x, slices):
    return x[tuple(slice(*each) for each in slices)]


def atleast(x, ndim):
    return x.reshape((1,) * max(ndim - x.ndim, 0) + x.shape)


def padded(x, *fill, pad_width, mode="constant"):
    return np.pad(x, pad_width, mode, **({"constant_values": fill[0][()]} if fill else {}))


SLICE = Op("slice", sliced)
CONCATENATE = Op("concatenate", lambda *x, axis: np.concatenate(x, axis))
STACK = Op("stack", lambda *x, axis: np.stack(x, axis))
RECHUNK = Op("rechunk", lambda x, chunks: x)
PAD = Op("pad", padded)
MASKED = Op("masked", lambda x, mask, fill: np.where(mask, fill[()], x))
TAKE = Op("take", lambda x, indices, axis: np.take(x, np.array(indices, int), axis))
INDEX = Op("index_axis", lambda x, index, axis: np.take(x, index, axis))
RESHAPE = Op("reshape", lambda x, shape: np.reshape(x, shape))
SQUEEZE = Op("squeeze", np.squeeze)
FLIP = Op("flip", np.flip)

# Operations of one array, and the options that may be: of a random source and a shape of one to four axes.
OF_ONE = [
    (Op("transpose", np.transpose), lambda rng, shape: {}),
    (Op("permute_axes", np.transpose), lambda rng, shape: {"axes": _signed(rng, rng.permutation(len(shape)), shape)}),
    (Op("swapaxes", np.swapaxes), lambda rng, shape: {"axis1": _axis(rng, shape), "axis2": _axis(rng, shape)}),
    (Op("moveaxis", np.moveaxis), lambda rng, shape: {"source": _axis(rng, shape), "destination": _axis(rng, shape)}),
    (Op("expand_dims", np.expand_dims), lambda rng, shape: {"axis": _axis(rng, (*shape, 1))}),
    (SQUEEZE, lambda rng, shape: {"axis": values.pick(rng, [None, _some(rng, shape, lambda length: length == 1)])}),
    (Op("atleast_nd", atleast), lambda rng, shape: {"ndim": int(rng.integers(0, 7))}),
    (RESHAPE, lambda rng, shape: {"shape": _factors(rng, int(np.prod(shape)))}),
    (Op("ravel", np.ravel), lambda rng, shape: {}),
    (Op("flatten", np.ravel), lambda rng, shape: {}),
    (FLIP, lambda rng, shape: {"axis": values.pick(rng, [None, _some(rng, shape)])}),
    (Op("roll", np.roll), lambda rng, shape: {"shift": int(rng.integers(-20, 21)), "axis": _axis(rng, shape)}),
    (Op("repeat", np.repeat), lambda rng, shape: {"repeats": int(rng.integers(0, 4)), "axis": _axis(rng, shape)}),
    (Op("tile", np.tile), lambda rng, shape: {"reps": _several(rng, 0, 3, len(shape))}),
    (TAKE, lambda rng, shape: _indices(rng, shape)),
    (SLICE, lambda rng, shape: {"slices": slices(rng, shape)}),
    (RECHUNK, lambda rng, shape: {"chunks": values.chunks(rng, shape)}),
]
MODES = ("edge", "reflect", "symmetric", "wrap")
JOINS = [
    (CONCATENATE, lambda rng, shape: {"axis": _axis(rng, shape)}),
    (STACK, lambda rng, shape: {"axis": _axis(rng, (*shape, 1))}),
    (Op("hstack", lambda *x: np.hstack(x)), lambda rng, shape: {}),
    (Op("vstack", lambda *x: np.vstack(x)), lambda rng, shape: {}),
]


def _axis(rng, shape) -> int:
    return int(rng.integers(-len(shape), len(shape)))


def _signed(rng, axes, shape) -> tuple[int, ...]:
    """Some of them counted from the end."""
    return tuple(int(axis) - len(shape) * int(rng.random() < 0.3) for axis in axes)


def _some(rng, shape, fits=lambda length: True) -> tuple[int, ...]:
    return _signed(rng, [axis for axis, length in enumerate(shape) if fits(length) and rng.random() < 0.6], shape)


def _several(rng, least, most, many) -> tuple[int, ...]:
    """As many numbers as axes, or one more or less."""
    return tuple(int(each) for each in rng.integers(least, most, max(many + int(rng.integers(-1, 2)), 0)))


def _factors(rng, size) -> tuple[int, ...]:
    """A shape of so many elements; one length may be left open."""
    if size == 0:
        return values.pick(rng, [(0,), (0, 3), (2, 0, 5), (-1, 3)])
    shape, left = [], size
    while left > 1 and len(shape) < 4:
        shape.append(int(values.pick(rng, [each for each in range(1, left + 1) if left % each == 0])))
        left //= shape[-1]
    shape.append(left)
    if rng.random() < 0.5:
        shape[int(rng.integers(len(shape)))] = -1
    return tuple(shape)


def _indices(rng, shape):
    axis = _axis(rng, shape)
    many = int(rng.integers(0, 7)) if shape[axis] else 0
    found = rng.integers(-shape[axis], max(shape[axis], 1), many)
    return {"indices": tuple(map(int, np.sort(found) if rng.random() < 0.4 else found)), "axis": axis}


def slices(rng, shape):
    """A slice for each of the first axes, with ends on and off the axis, forwards and backwards."""

    def one(length):
        def end():
            return None if rng.random() < 0.3 else int(rng.integers(-length - 2, length + 3))

        step = int(values.pick(rng, (1, 1, 1, 2, 3, 7, -1, -2, -5)))
        return end(), end(), step

    return [one(length) for length in shape[: int(rng.integers(0, len(shape) + 1))]]


def cases(rng: np.random.Generator) -> list[Case]:
    out = []
    for dtype in values.CLASSES["all"]:
        pattern = values.patterns(dtype)[:3][-1]
        for op, options in OF_ONE:
            for _ in range(3):
                shape = values.shape(rng, least=1)
                out.append(case(op, [operand(rng, dtype, shape, pattern)], **options(rng, shape)))
        out += _joins(rng, dtype, pattern)
        out += _with_values(rng, dtype, pattern)
    return out + list(_without_axes(rng)) + list(_impossible(rng))


def _joins(rng, dtype, pattern):
    for op, options in JOINS:
        for _ in range(2):
            shape = list(values.shape(rng, least=1, most=3))
            chosen = options(rng, shape)
            along = {"concatenate": chosen.get("axis"), "hstack": min(1, len(shape) - 1), "vstack": 0}.get(op.name)
            parts = []
            for _ in range(int(rng.integers(1, 5))):
                if along is not None and not (op.name == "vstack" and len(shape) == 1):
                    shape[along] = int(rng.integers(0, 6))
                parts.append(operand(rng, dtype, tuple(shape), pattern))
            yield case(op, parts, **chosen)


def _with_values(rng, dtype, pattern):
    """Padding, and what a mask hides."""
    fill = Input(values.array(rng, dtype, (), pattern), scalar=True)
    shape = values.shape(rng, least=1, most=3)
    widths = tuple((int(a), int(b)) for a, b in rng.integers(0, 12, (len(shape), 2)))
    x = operand(rng, dtype, shape, pattern)
    yield case(PAD, [x, fill], pad_width=widths)
    for mode in MODES:
        yield case(PAD, [x], pad_width=widths, mode=mode)
        yield case(PAD, [operand(rng, dtype, (1, 3), pattern)], pad_width=((2, 3), (7, 0)), mode=mode)
    for masked in (shape, values.partner(rng, shape)):
        yield case(MASKED, [x, operand(rng, "bool", masked), fill])


def _without_axes(rng):
    """What becomes of a single number."""
    x = operand(rng, "float64", (), "special")
    for op, options in OF_ONE:
        if op.name in ("transpose", "ravel", "flatten", "atleast_nd", "tile", "rechunk", "slice"):
            yield case(op, [x], **options(rng, ()))
    yield case(OF_ONE[4][0], [x], axis=0)
    yield case(RESHAPE, [x], shape=(1, -1))
    yield case(RESHAPE, [operand(rng, "int8", (1, 1))], shape=())
    for op in (SQUEEZE, FLIP):
        yield case(op, [x], axis=None)
    for op, options in JOINS[1:]:
        yield case(op, [x, x], **({"axis": 0} if options(rng, ()) else {}))


def _impossible(rng):
    x = operand(rng, "float32", (3, 4))
    yield case(CONCATENATE, [x, operand(rng, "float32", (3, 5))], axis=0)
    yield case(CONCATENATE, [x, operand(rng, "float32", (4,))], axis=0)
    yield case(CONCATENATE, [x, x], axis=2)
    yield case(SLICE, [x], slices=[(None, None, 0)])
    yield case(SLICE, [x], slices=[(None, None, 1)] * 3)
    wrong = {
        "permute_axes": [{"axes": (0,)}, {"axes": (0, 0)}, {"axes": (0, 2)}],
        "swapaxes": [{"axis1": 0, "axis2": 2}],
        "moveaxis": [{"source": -3, "destination": 0}],
        "expand_dims": [{"axis": 3}, {"axis": -4}],
        "squeeze": [{"axis": (0,)}, {"axis": (2,)}],
        "reshape": [{"shape": (5, 3)}, {"shape": (5, -1)}, {"shape": (-1, -1)}],
        "flip": [{"axis": (2,)}, {"axis": (0, 0)}],
        "roll": [{"shift": 1, "axis": 2}],
        "repeat": [{"repeats": 2, "axis": 2}],
        "take": [{"indices": (3,), "axis": 0}, {"indices": (0, -4), "axis": 0}, {"indices": (0,), "axis": 2}],
    }
    for op, _ in OF_ONE:
        for options in wrong.get(op.name, []):
            yield case(op, [x], **options)
    for index, axis in ((3, 0), (-4, 0), (0, 2)):
        yield case(INDEX, [x], index=index, axis=axis)
    yield case(INDEX, [x], index=-1, axis=-1)
    yield case(RESHAPE, [operand(rng, "int64", (0, 3))], shape=(-1, 0))
    empty = operand(rng, "int64", (0, 3))
    for mode in MODES:
        yield case(PAD, [empty], pad_width=((1, 0), (0, 0)), mode=mode)
    yield case(PAD, [x], pad_width=((1, 0), (0, 0), (1, 1)), mode="edge")
    for op, options in JOINS[1:]:
        yield case(op, [x, operand(rng, "float32", (5, 5))], **({"axis": 0} if options(rng, (1,)) else {}))
    yield case(STACK, [x, x], axis=3)
    yield case(MASKED, [x, operand(rng, "bool", (3, 3)), Input(np.float32(0).reshape(()), scalar=True)])
