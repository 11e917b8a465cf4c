"""Products of matrices, and their like."""

from functools import partial

import numpy as np

from . import values
from .case import Case
from .elementwise import operand
from .ops import Op
from .rules import multiplied_out
from .single import single

case = partial(single, "products")

MATMUL = Op("matmul", np.matmul, multiplied_out)
DOT = Op("dot", np.dot, multiplied_out)
OUTER = Op("outer", np.outer, multiplied_out)
TENSORDOT = Op("tensordot", lambda x, y, axes: np.tensordot(x, y, axes), multiplied_out)

# Shapes, of which `i`, `j` and `k` are lengths; and the axes that are summed over.
SHAPES = {
    MATMUL: [("ij", "jk"), ("j", "jk"), ("ij", "j"), ("j", "j"), ("2ij", "jk"), ("21ij", "3jk"), ("ij", "2jk")],
    DOT: [("ij", "jk"), ("j", "jk"), ("ij", "j"), ("j", "j"), ("2ij", "jk"), ("ij", "2jk"), ("2ij", "3jk")],
    OUTER: [("i", "j"), ("ij", "k"), ("2i", "jk"), ("", "i"), ("", "")],
    TENSORDOT: [
        ("ij", "jk", 1),
        ("i2j", "2jk", 2),
        ("ij", "k", 0),
        ("ij", "ij", 2),
        ("ijk", "kj2", ([1, 2], [1, 0])),
        ("ijk", "ik", ([0, -1], [0, 1])),
        ("ij", "2k", ([], [])),
    ],
}


def cases(rng: np.random.Generator) -> list[Case]:
    out = []
    for op, shapes in SHAPES.items():
        for dtype in values.CLASSES["all"]:
            for left, right, *axes in shapes:
                out.append(_product(rng, op, dtype, (left, right), axes))
    return out + list(_long(rng)) + list(_impossible(rng))


def _product(rng, op, dtype, names, axes):
    lengths = {name: int(length) for name, length in zip("ijk", rng.integers(1, 9, 3))}
    if rng.random() < 0.08:
        lengths[values.pick(rng, "ijk")] = 0
    kind = np.dtype(dtype).kind
    pattern = values.pick(rng, ("plain", "extreme") if kind in "iu" else ("plain", "plain", "nan"))
    pattern = "plain" if kind == "b" else pattern
    shapes = [tuple(lengths[name] if name in lengths else int(name) for name in each) for each in names]
    pair = [operand(rng, dtype, shape, pattern) for shape in shapes]
    return case(op, pair, **({"axes": axes[0]} if axes else {}))


def _long(rng):
    for dtype in ("float32", "float64", "complex64", "int16"):
        yield case(MATMUL, [operand(rng, dtype, (70, 300)), operand(rng, dtype, (300, 50))])
        yield case(DOT, [operand(rng, dtype, (5000,)), operand(rng, dtype, (5000,))])


def _impossible(rng):
    def pair(left, right):
        return [operand(rng, "float64", left), operand(rng, "float64", right)]

    for left, right in (((3, 4), (3, 4)), ((4,), (3,)), ((2, 3, 4), (3, 4, 5)), ((), (3,)), ((3,), ())):
        yield case(MATMUL, pair(left, right))
    for left, right in (((3, 4), (3, 4)), ((4,), (3,)), ((), (3,))):
        yield case(DOT, pair(left, right))
    for axes in (1, 3, ([0], [1]), ([0, 1], [0]), ([2], [0]), ([0, 0], [0, 0])):
        yield case(TENSORDOT, pair((3, 4), (3, 4)), axes=axes)
