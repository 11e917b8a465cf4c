"""Random arrays: Philox 4x32-10 done again from the paper, so that the values are those of the seed in any chunks; and
their moments, which have to be those of the distribution.

NumPy's Philox is another one, 4x64-10, so its numbers are others, too.
"""

from functools import partial

import numpy as np

from . import values
from .case import Case, Expected, Input, Step
from .ops import Op
from .single import single

case = partial(single, "random")


def philox(counter, key):
    """Salmon, Moraes, Dror and Shaw, 2011: ten rounds, of four words of 32 bits each."""
    c, k, low = list(counter), list(key), np.uint64(0xFFFFFFFF)
    for _ in range(10):
        first, second = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(second >> np.uint64(32)) ^ c[1] ^ k[0], second & low, (first >> np.uint64(32)) ^ c[3] ^ k[1], first & low]
        k = [(k[0] + np.uint64(0x9E3779B9)) & low, (k[1] + np.uint64(0xBB67AE85)) & low]
    return c


def words(seed, stream, places, draw=0):
    """64 random bits for each place: the counter is half the place, the stream, and how often a draw was refused."""
    low, bits = np.uint64(0xFFFFFFFF), np.uint64(32)
    pair = places.astype(np.uint64) >> np.uint64(1)
    same = [np.full(pair.shape, each, np.uint64) for each in (stream, draw, seed)]
    c = philox([pair & low, pair >> bits, same[0], same[1]], [same[2] & low, same[2] >> bits])
    return np.where(places % 2 == 0, c[0] | c[1] << bits, c[2] | c[3] << bits)


def _places(shape):
    return np.arange(int(np.prod(shape))).reshape(shape)


def uniform(low, high, shape, chunks, seed, streams):
    if not (np.isfinite(low) and np.isfinite(high) and high >= low):
        raise ValueError("no such interval")
    bits = 24 if low.dtype == np.float32 else 53
    part = (words(seed, streams - 1, _places(shape)) >> np.uint64(64 - bits)).astype(np.float64) / 2.0**bits
    drawn = (np.float64(low) + (np.float64(high) - np.float64(low)) * part).astype(low.dtype)
    return np.where(drawn < high, drawn, low)


def normal(mean, deviation, shape, chunks, seed, streams):
    """Box and Muller, 1958: the cosine for even places, the sine for odd ones."""
    if not (np.isfinite(mean) and np.isfinite(deviation) and deviation >= 0):
        raise ValueError("no such distribution")
    places = _places(shape)
    a, b = (words(seed, streams - 1, 2 * (places // 2) + at) >> np.uint64(11) for at in (0, 1))
    radius = np.sqrt(-2 * np.log((a + np.uint64(1)).astype(np.float64) / 2.0**53))
    angle = 2 * np.pi * b.astype(np.float64) / 2.0**53
    drawn = radius * np.where(places % 2 == 0, np.cos(angle), np.sin(angle))
    return (np.float64(mean) + np.float64(deviation) * drawn).astype(mean.dtype)


def integers(low, high, shape, chunks, seed, streams):
    """Lemire, 2019: by multiplication, drawn again where some values would be likelier."""
    span = int(high) - int(low)
    if span <= 0:
        raise ValueError("no such interval")
    places, threshold, out = _places(shape), 2**64 % span, np.empty(shape, object)
    for at, place in np.ndenumerate(places):
        draw = 0
        while (product := int(words(seed, streams - 1, np.array([place]), draw)[0]) * span) % 2**64 < threshold:
            draw += 1
        out[at] = int(low) + (product >> 64)
    return out.astype(low.dtype)


def drawn(function, operands, options):
    """Logarithms and angles are good to some units of what they are multiplied by."""
    value = function(*operands, **options)
    mean, deviation = (abs(float(each)) for each in operands)
    return Expected(value, slack=np.full(value.shape, 8 * np.finfo(value.dtype).eps * (mean + 9 * deviation)))


UNIFORM, NORMAL, INTEGERS = Op("uniform", uniform), Op("normal", normal, drawn), Op("integers", integers)

SEEDS = (0, 1, 42, 2**32, 2**64 - 1)
FLOATS = [(0.0, 1.0), (-3.0, 5.5), (2.0, 2.0), (1e30, 2e30), (1.0, 1.0000001)]
IMPOSSIBLE = [(1.0, 0.0), (0.0, np.inf), (np.nan, 1.0), (0.0, -1.0)]


def _pair(one, other, dtype):
    return [Input(np.array(each, dtype), scalar=True) for each in (one, other)]


def cases(rng: np.random.Generator) -> list[Case]:
    out = []
    for seed in SEEDS:
        for dtype in values.CLASSES["real_floats"]:
            for op in (UNIFORM, NORMAL):
                for low, high in FLOATS:
                    out.append(_drawn(rng, op, _pair(low, high, dtype), seed))
        for dtype in values.INTEGERS:
            info = np.iinfo(dtype)
            for low, high in ((0, 10), (info.min, info.max), (3, 4)):
                out.append(_drawn(rng, INTEGERS, _pair(low, high, dtype), seed))
    # Three in eight draws are refused.
    out.append(_drawn(rng, INTEGERS, _pair(0, 5 * 2**61, "uint64"), 7))
    for op in (UNIFORM, NORMAL):
        out += [_drawn(rng, op, _pair(*pair, "float64"), 3) for pair in IMPOSSIBLE if op is UNIFORM or pair[1] < 0]
    out += [_drawn(rng, INTEGERS, _pair(5, 5, "int32"), 3), _drawn(rng, INTEGERS, _pair(5, 4, "int32"), 3)]
    return out + list(_moments(rng))


def _drawn(rng, op, pair, seed):
    shape = values.shape(rng, most=3)
    return case(op, pair, shape=shape, chunks=values.chunks(rng, shape), seed=seed, streams=int(rng.integers(1, 4)))


def _moments(rng):
    """Of so many values the mean and the variance are within five deviations of what they should be."""
    many = 200_000
    for name, pair, mean, variance, fourth in (
        ("uniform", (0.0, 1.0), 1 / 2, 1 / 12, 1 / 80),
        ("normal", (2.0, 3.0), 2, 9, 3 * 81),
    ):
        for reduce, right, spread in (("mean", mean, variance), ("var", variance, fourth - variance**2)):
            options = {"shape": (many,), "chunks": (30_000,), "seed": int(rng.integers(2**63)), "streams": 1}
            steps = [Step(name, (0, 1), options), Step(reduce, (2,), {"axis": None})]
            expected = Expected(np.array(right, float), slack=np.array(5 * np.sqrt(spread / many)))
            yield Case("random", _pair(*pair, "float64"), steps, lambda expected=expected: expected)
