"""Arrays of all types: random ones, and ones with the values that break things."""

import numpy as np

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float32", "float64")
COMPLEX = ("complex64", "complex128")
CLASSES = {
    "all": ("bool", *INTEGERS, *FLOATS, *COMPLEX),
    "arithmetic": (*INTEGERS, *FLOATS, *COMPLEX),
    "reals": ("bool", *INTEGERS, *FLOATS),
    "numbers": (*INTEGERS, *FLOATS),
    "bits": ("bool", *INTEGERS),
    "integers": INTEGERS,
    "floats": (*FLOATS, *COMPLEX),
    "real_floats": FLOATS,
    "complex": COMPLEX,
    "bool": ("bool",),
}


def patterns(dtype: str) -> tuple[str, ...]:
    """The ways in which arrays of a type are filled, the ordinary one first."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return ("plain",)
    return ("plain", "extreme") if kind in "iu" else ("plain", "nan", "special", "all nan")


def array(rng: np.random.Generator, dtype: str, shape: tuple[int, ...], pattern: str = "plain") -> np.ndarray:
    """An array of `dtype`, filled as `pattern` says."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if kind in "iu":
        return _integers(rng, np.dtype(dtype), shape, pattern)
    if kind == "c":
        part = "float32" if dtype == "complex64" else "float64"
        out = np.empty(shape, dtype)
        out.real, out.imag = (_floats(rng, part, shape, pattern) for _ in "ri")
        return out
    return _floats(rng, dtype, shape, pattern)


def _integers(rng, dtype, shape, pattern):
    info = np.iinfo(dtype)
    if pattern == "extreme":
        values = rng.integers(info.min, info.max, shape, dtype, endpoint=True)
        ends = np.array([info.min, info.max, 0, 1, info.max - 1, info.min + 1], dtype)
        return np.where(rng.random(shape) < 0.3, rng.choice(ends, shape), values).astype(dtype)
    return rng.integers(max(info.min, -9), 10, shape, dtype)


def _floats(rng, dtype, shape, pattern):
    values = (rng.standard_normal(shape) * 10.0 ** rng.integers(-2, 3, shape)).astype(dtype)
    if pattern == "nan":
        return np.where(rng.random(shape) < 0.3, np.nan, values).astype(dtype)
    if pattern == "all nan":
        return np.full(shape, np.nan, dtype)
    if pattern == "special":
        info = np.finfo(dtype)
        ends = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, info.eps]
        ends += [info.smallest_subnormal, -info.smallest_normal, info.max, info.min]
        return np.where(rng.random(shape) < 0.7, rng.choice(np.array(ends, dtype), shape), values).astype(dtype)
    if pattern == "few":
        return rng.choice(np.array([0, 1, -1, 1, -1, np.inf, np.nan], dtype), shape)
    if pattern == "near one":
        return (1 + 0.3 * rng.standard_normal(shape)).astype(dtype)
    if pattern == "offset":
        return (1000 + rng.standard_normal(shape)).astype(dtype)
    return values


def shape(rng: np.random.Generator, least: int = 0, most: int = 4) -> tuple[int, ...]:
    """A shape of `least` to `most` axes; some have length zero or one, and a single one may be long."""
    ndim = int(rng.integers(least, most, endpoint=True))
    if ndim == 1 and rng.random() < 0.5:
        return (int(rng.integers(100, 3000)),)
    lengths = rng.integers(2, 9, ndim)
    lengths[rng.random(ndim) < 0.15] = 1
    lengths[rng.random(ndim) < 0.04] = 0
    return tuple(int(length) for length in lengths)


def chunks(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Lengths of chunks for an array of `shape`."""
    return tuple(int(rng.integers(1, max(length, 1) + 1)) for length in shape)


def partner(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that broadcasts against `shape` to it."""
    cut = shape[int(rng.integers(0, len(shape) + 1)) :] if rng.random() < 0.3 else shape
    return tuple(1 if rng.random() < 0.3 else length for length in cut)


def pick(rng: np.random.Generator, items):
    """One of them, as it is."""
    return items[int(rng.integers(len(items)))]
