"""Operations on the places of values: parts, joins, chunks."""

import numpy as np

from . import values
from .case import Case, Input, Step
from .differences import expect
from .elementwise import operand
from .ops import Op


def sliced(x, slices):
    return x[tuple(slice(*each) for each in slices)]


SLICE = Op("slice", sliced)
CONCATENATE = Op("concatenate", lambda *x, axis: np.concatenate(x, axis))
RECHUNK = Op("rechunk", lambda x, chunks: x)


def case(op: Op, inputs: list[Input], **options) -> Case:
    arrays = [each.array for each in inputs]
    step = Step(op.name, tuple(range(len(inputs))), options)
    return Case("structure", inputs, [step], lambda: expect(op, arrays, options))


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
        for _ in range(8):
            shape = values.shape(rng)
            out.append(case(SLICE, [operand(rng, dtype, shape, pattern)], slices=slices(rng, shape)))
        for _ in range(3):
            out.append(_concatenation(rng, dtype, pattern))
            shape = values.shape(rng)
            out.append(case(RECHUNK, [operand(rng, dtype, shape, pattern)], chunks=values.chunks(rng, shape)))
    return out + list(_impossible(rng))


def _concatenation(rng, dtype, pattern):
    shape = list(values.shape(rng, least=1, most=3))
    axis = int(rng.integers(len(shape)))
    parts = []
    for _ in range(int(rng.integers(2, 5))):
        shape[axis] = int(rng.integers(0, 6))
        parts.append(operand(rng, dtype, tuple(shape), pattern))
    return case(CONCATENATE, parts, axis=axis)


def _impossible(rng):
    x = operand(rng, "float32", (3, 4))
    yield case(CONCATENATE, [x, operand(rng, "float32", (3, 5))], axis=0)
    yield case(CONCATENATE, [x, operand(rng, "float32", (4,))], axis=0)
    yield case(CONCATENATE, [x, x], axis=2)
    yield case(SLICE, [x], slices=[(None, None, 0)])
    yield case(SLICE, [x], slices=[(None, None, 1)] * 3)
