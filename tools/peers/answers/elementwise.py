"""Operations element by element."""

from functools import partial

import numpy as np

from . import values
from .case import Case, Input
from .ops import Op
from .rules import equal, ieee, rounded
from .single import single


def inexact(name: str, units: float = 2, types: str = "all", numpy=None) -> Op:
    return Op(name, numpy or getattr(np, name), rounded(units, 8), types, inexact=True)


def log1p(x):
    """NumPy's loses the real part of small complex numbers: it takes the logarithm of the sum."""
    if x.dtype.kind != "c":
        return np.log1p(x)
    whole = x.real * (2 + x.real) + x.imag**2
    small = np.maximum(np.abs(x.real), np.abs(x.imag)) < 0.5
    plain = np.log1p(x)
    return np.where(small, np.log1p(np.where(small, whole, 0)) / 2 + 1j * plain.imag, plain).astype(x.dtype)


OF_ONE = [
    Op("negative", np.negative, types="arithmetic"),
    Op("abs", np.abs, ieee(1), "arithmetic"),
    Op("sign", np.sign, ieee(2), "arithmetic"),
    Op("square", np.square, ieee(3), "arithmetic"),
    Op("reciprocal", np.reciprocal, ieee(4), "arithmetic"),
    Op("real", np.real, types="arithmetic"),
    Op("imag", np.imag, types="arithmetic"),
    Op("conj", np.conj, types="arithmetic"),
    Op("exp2", np.exp2, rounded(2, 8, condition=lambda z: 1 + np.abs(z)), inexact=True),
    *map(inexact, ["exp", "expm1", "log", "log2", "log10", "sqrt"]),
    inexact("log1p", numpy=log1p),
    *map(inexact, ["sin", "cos", "tan", "arcsin", "arccos", "arctan"]),
    *map(inexact, ["sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh"]),
    inexact("angle"),
    *(inexact(name, types="reals") for name in ("cbrt", "degrees", "radians")),
    Op("signbit", np.signbit, types="reals"),
    *(Op(name, getattr(np, name)) for name in ("isnan", "isfinite", "isinf", "logical_not")),
    *(Op(name, getattr(np, name), types="real_floats") for name in ("floor", "ceil", "trunc", "rint")),
    Op("nan_to_num", np.nan_to_num, types="floats"),
    Op("invert", np.invert, types="bits"),
]

OF_TWO = [
    *(Op(name, getattr(np, name), ieee(3), "arithmetic") for name in ("add", "subtract", "multiply")),
    Op("/", np.divide, ieee(4), "arithmetic"),
    Op("divide", np.divide, ieee(4)),
    Op("power", np.power, rounded(2, 16, condition=lambda z, w: 1 + np.abs(w * np.log(z))), "arithmetic"),
    *(Op(name, getattr(np, name), types="numbers") for name in ("floor_divide", "remainder", "fmod")),
    *(Op(name, getattr(np, name), equal, "reals") for name in ("maximum", "minimum", "fmax", "fmin")),
    *(inexact(name, types="reals") for name in ("hypot", "arctan2", "copysign")),
    *(Op(name, getattr(np, name)) for name in ("equal", "not_equal")),
    *(Op(name, getattr(np, name), types="reals") for name in ("less", "less_equal", "greater", "greater_equal")),
    *(Op(name, getattr(np, name)) for name in ("logical_and", "logical_or", "logical_xor")),
    *(Op(name, getattr(np, name), types="bits") for name in ("bitwise_and", "bitwise_or", "bitwise_xor")),
    *(Op(name, getattr(np, name), types="integers") for name in ("left_shift", "right_shift")),
    Op("isclose", np.isclose),
]

WHERE = Op("where", np.where)
CLIP = Op("clip", np.clip, equal, "reals")
ROUND = Op("round", np.round, types="numbers")
BROADCAST = Op("broadcast_to", np.broadcast_to)
ASTYPE = Op("astype", lambda x, dtype: x.astype(dtype))


case = partial(single, "elementwise")


def operand(rng, dtype, shape, pattern="plain") -> Input:
    return Input(values.array(rng, dtype, shape, pattern), values.chunks(rng, shape))


def cases(rng: np.random.Generator) -> list[Case]:
    return [
        *(each for op in OF_ONE for each in _of_one(rng, op)),
        *(each for op in OF_TWO for each in _of_two(rng, op)),
        *(each for dtype in values.CLASSES["all"] for each in _of_three(rng, dtype)),
        *_with_options(rng),
        *_impossible(rng),
    ]


def _patterns(op, dtype):
    """The ways in which operands are filled. The power of an infinite complex number C99 leaves open, and of a huge one
    the angle on the way has no bits left."""
    ordinary = op.name in ("exp2", "power") and np.dtype(dtype).kind == "c"
    return values.patterns(dtype)[: 2 if ordinary else 3]


def _of_one(rng, op):
    for dtype in values.CLASSES[op.types]:
        for pattern in _patterns(op, dtype):
            if pattern != "nan" or rng.random() < 0.3:
                yield case(op, [operand(rng, dtype, values.shape(rng), pattern)])


def _of_two(rng, op):
    for dtype in values.CLASSES[op.types]:
        for pattern in _patterns(op, dtype):
            shape = values.shape(rng)
            pair = [operand(rng, dtype, shape, pattern), operand(rng, dtype, values.partner(rng, shape), pattern)]
            if op.name == "power" and np.dtype(dtype).kind == "i":
                pair[1] = Input(np.abs(pair[1].array), pair[1].chunks)
            yield case(op, pair if rng.random() < 0.5 or op.name == "power" else pair[::-1])
        scalar = Input(values.array(rng, dtype, (), pattern), scalar=True)
        if not (op.name == "power" and np.dtype(dtype).kind == "i" and scalar.array < 0):
            yield case(op, [operand(rng, dtype, values.shape(rng), "plain"), scalar])
        # Operators take a scalar on the left, too.
        if op.name in ("add", "subtract", "multiply", "/"):
            yield case(op, [scalar, operand(rng, dtype, values.shape(rng), "plain")])


def _of_three(rng, dtype):
    shape = values.shape(rng)
    shapes = [shape, *(values.partner(rng, shape) for _ in "yz")]
    mask, yes, no = (operand(rng, kind, each) for kind, each in zip(("bool", dtype, dtype), shapes))
    scalars = [Input(values.array(rng, dtype, ()), scalar=True) for _ in "yz"]
    for sides in ([yes, no], [scalars[0], no], [yes, scalars[1]], scalars):
        yield case(WHERE, [mask, *sides])
    if dtype in values.CLASSES[CLIP.types]:
        pattern = values.patterns(dtype)[-1]
        for sides in ([yes, no], scalars, [yes, scalars[1]]):
            yield case(CLIP, [operand(rng, dtype, shape, pattern), *sides])


def _with_options(rng):
    for dtype in values.CLASSES[ROUND.types]:
        for decimals in (0, 2, -1, -2, 5):
            x = operand(rng, dtype, values.shape(rng), values.pick(rng, values.patterns(dtype)[:2]))
            yield case(ROUND, [x], decimals=decimals)
    for dtype in values.CLASSES["all"]:
        shape = values.shape(rng)
        yield case(BROADCAST, [operand(rng, dtype, values.partner(rng, shape))], shape=shape)
        complex_only = np.dtype(dtype).kind == "c"
        for to in values.CLASSES["complex" if complex_only else "all"] + (("bool",) if complex_only else ()):
            for pattern in (
                "plain",
                values.patterns(dtype)[-1] if complex_only else values.patterns(dtype)[:3][-1],
            ):
                yield case(ASTYPE, [operand(rng, dtype, values.shape(rng), pattern)], dtype=to)
        x = values.array(rng, dtype, (7, 5))
        near = (
            x
            if x.dtype.kind not in "fc"
            else (x * (1 + values.array(rng, "float64", x.shape) * 1e-5)).astype(dtype)
        )
        both = [Input(x, (3, 5)), Input(near, (2, 2))]
        yield case(OF_TWO[-1], both, equal_nan=True)


def _impossible(rng):
    add, power = OF_TWO[0], next(op for op in OF_TWO if op.name == "power")
    for dtype in ("int32", "float64", "complex64"):
        yield case(add, [operand(rng, dtype, (3, 4)), operand(rng, dtype, (4, 3))])
        yield case(BROADCAST, [operand(rng, dtype, (3, 4))], shape=(3, 5))
        yield case(BROADCAST, [operand(rng, dtype, (3, 4))], shape=(4,))
    for exponent in (Input(np.array(-1), scalar=True), Input(np.array([1, -2, 0, 3]), (2,))):
        yield case(power, [operand(rng, "int64", (4,)), exponent])
