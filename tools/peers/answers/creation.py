"""Arrays made from nothing, or like another."""

from functools import partial

import numpy as np

from . import values
from .case import Case, Input
from .elementwise import operand
from .ops import Op
from .rules import rounded
from .single import single

ZEROS = Op("zeros", lambda shape, dtype, chunks: np.zeros(shape, dtype))
ONES = Op("ones", lambda shape, dtype, chunks: np.ones(shape, dtype))
EYE = Op("eye", lambda rows, columns, k, dtype, chunks: np.eye(rows, columns, k, dtype))
IDENTITY = Op("identity", lambda rows, dtype, chunks: np.identity(rows, dtype))
LIKE = [Op("zeros_like", np.zeros_like), Op("ones_like", np.ones_like, types="arithmetic")]
FULL = Op("full", lambda value, shape, chunks: np.full(shape, value[()]))
FULL_LIKE = Op("full_like", lambda x, value: np.full_like(x, value[()]))
ARANGE = Op("arange", lambda *ends, chunks: np.arange(*(each.item() for each in ends), dtype=ends[0].dtype))
LINSPACE = Op(
    "linspace",
    lambda start, stop, count, chunks, endpoint=True: np.linspace(
        start[()], stop[()], count, endpoint=endpoint, dtype=start.dtype
    ),
    # It is computed in float64 on both sides.
    rounded(1),
)


case = partial(single, "creation")


def scalar(value, dtype) -> Input:
    return Input(np.array(value, dtype), scalar=True)


def cases(rng: np.random.Generator) -> list[Case]:
    out = []
    for dtype in values.CLASSES["arithmetic"]:
        for op in (ZEROS, ONES):
            shape = values.shape(rng)
            out.append(case(op, [], shape=shape, dtype=dtype, chunks=values.chunks(rng, shape)))
        rows, columns = (int(each) for each in rng.integers(0, 9, 2))
        k = int(rng.integers(-10, 11))
        out.append(case(EYE, [], rows=rows, columns=columns, k=k, dtype=dtype, chunks=(3, 2)))
        out.append(case(IDENTITY, [], rows=rows, dtype=dtype, chunks=(2, 4)))
    for dtype in values.CLASSES["all"]:
        shape = values.shape(rng)
        value = Input(values.array(rng, dtype, (), values.patterns(dtype)[:3][-1]), scalar=True)
        out.append(case(FULL, [value], shape=shape, chunks=values.chunks(rng, shape)))
        out.append(case(FULL_LIKE, [operand(rng, dtype, shape), value]))
        out += [case(op, [operand(rng, dtype, shape)]) for op in LIKE if dtype in values.CLASSES[op.types]]
    return out + list(_ranges())


def _ranges():
    for dtype in values.CLASSES["numbers"]:
        ends = [(0, 10, 1), (3, 100, 7), (10, 0, 3), (5, 5, 1), (0, 10, 0)]
        ends += [(10, 0, -1), (100, -20, -7)] if np.dtype(dtype).kind != "u" else []
        ends += (
            [(0.5, 2.0, 0.1), (-1, 1, 0.3), (0, 1, np.nan), (1, np.inf, 1)] if np.dtype(dtype).kind == "f" else []
        )
        for triple in ends:
            yield case(ARANGE, [scalar(each, dtype) for each in triple], chunks=(4,))
    for dtype in values.CLASSES["real_floats"]:
        for start, stop, count in ((0, 1, 11), (-90, 90, 181), (3, 3, 4), (1, 0, 1), (0, 5, 0), (1e-3, 1e3, 1000)):
            for endpoint in (True, False):
                pair = [scalar(start, dtype), scalar(stop, dtype)]
                yield case(LINSPACE, pair, count=count, endpoint=endpoint, chunks=(64,))
