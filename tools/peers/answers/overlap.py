"""Functions of blocks and what is around them: `dask.array.map_overlap`, done again with `numpy.pad`."""

from functools import partial

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from . import values
from .case import Case, Input
from .elementwise import operand
from .ops import Op
from .rules import summed_in
from .single import single

case = partial(single, "overlap")

# Dask's boundaries: beyond "none" lies nothing, which adds nothing.
MODES = {"periodic": "wrap", "reflect": "symmetric", "nearest": "edge", "constant": "constant", "none": "constant"}


def window_sum(x, *fill, depth, boundaries):
    """The sum of what is at most `depth` away along each axis."""
    if not len(depth) == len(boundaries) == x.ndim:
        raise ValueError("a depth and a boundary for each axis")
    if any(deep > length for deep, length in zip(depth, x.shape)):
        raise ValueError("deeper than the array")
    if x.size == 0:
        return x
    # Last what is not there, also in the corners.
    for axis in sorted(range(x.ndim), key=lambda axis: boundaries[axis] == "none"):
        widths = [(depth[axis] if at == axis else 0,) * 2 for at in range(x.ndim)]
        value = {"none": 0, "constant": fill[0][()] if fill else None}.get(boundaries[axis])
        options = {} if value is None else {"constant_values": value}
        x = np.pad(x, widths, MODES[boundaries[axis]], **options)
    windows = sliding_window_view(x, [2 * each + 1 for each in depth])
    return np.sum(windows, axis=tuple(range(x.ndim, 2 * x.ndim)), dtype=x.dtype)


WINDOW_SUM = Op("window_sum", window_sum, summed_in(window_sum), "numbers")


def cases(rng: np.random.Generator) -> list[Case]:
    out = []
    for dtype in values.CLASSES[WINDOW_SUM.types]:
        fill = Input(values.array(rng, dtype, ()), scalar=True)
        for boundary in MODES:
            for _ in range(3):
                shape = values.shape(rng, least=1, most=3)
                depth = tuple(int(rng.integers(0, min(length, 3) + 1)) for length in shape)
                out.append(_case(rng, dtype, fill, shape, depth, [boundary] * len(shape)))
        shape = values.shape(rng, least=2, most=3)
        mixed = [values.pick(rng, list(MODES)) for _ in shape]
        out.append(_case(rng, dtype, fill, shape, tuple(min(1, length) for length in shape), mixed))
    return out + list(_impossible(rng))


def _case(rng, dtype, fill, shape, depth, boundaries):
    pattern = values.pick(rng, ("plain", "extreme" if np.dtype(dtype).kind in "iu" else "nan"))
    more = [fill] if "constant" in boundaries else []
    return case(WINDOW_SUM, [operand(rng, dtype, shape, pattern), *more], depth=depth, boundaries=boundaries)


def _impossible(rng):
    x = operand(rng, "float32", (4, 5))
    for depth in ((5, 0), (0, 6), (1,), (1, 1, 1)):
        for boundary in ("periodic", "reflect", "none"):
            yield case(WINDOW_SUM, [x], depth=depth, boundaries=[boundary] * len(depth))
    yield case(WINDOW_SUM, [x], depth=(1, 1), boundaries=["reflect"])
