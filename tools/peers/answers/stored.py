"""What HDF5 files hold, byte for byte: `bench checksum` beside h5py, which reads through the HDF5 library and its plugins.

Files are written with every filter that h5py and hdf5plugin have, every type of numbers, every way to lay data out and
to find chunks. Both ways of reading are compared where the HDF5 library alone can read the values. What h5py itself can't
write or read here is no comparison: it is told as skipped, with h5py's reason.

A program of its own, `python -m answers.stored`: netCDF4 brings another HDF5 library, and plugins may meet the wrong one.
It wants an environment without netCDF4's HDF5_PLUGIN_PATH, for the same reason.
"""

import functools
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np

TYPES = ["<i1", "<u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", ">i2", ">u4", ">i8", ">f2", ">f8"]
SHAPES = [((37, 23), (10, 9)), ((1000,), (128,)), ((3, 4, 50), (3, 4, 50))]
FILTERS = {
    "none": {},
    "deflate": {"compression": "gzip"},
    "shuffle, deflate": {"compression": "gzip", "shuffle": True},
    "shuffle, deflate, fletcher32": {"compression": "gzip", "shuffle": True, "fletcher32": True},
    "fletcher32": {"fletcher32": True},
    "lzf": {"compression": "lzf"},
    "shuffle, lzf, fletcher32": {"compression": "lzf", "shuffle": True, "fletcher32": True},
    "zstd": {"compression": hdf5plugin.Zstd(clevel=3)},
    "shuffle, zstd": {"compression": hdf5plugin.Zstd(clevel=19), "shuffle": True},
    "lz4": {"compression": hdf5plugin.LZ4()},
    "lz4 in blocks": {"compression": hdf5plugin.LZ4(nbytes=512)},
    "bzip2": {"compression": hdf5plugin.BZip2()},
    "bitshuffle": {"compression": hdf5plugin.Bitshuffle(cname="none")},
    "bitshuffle, lz4": {"compression": hdf5plugin.Bitshuffle(cname="lz4")},
    "bitshuffle, lz4 in blocks": {"compression": hdf5plugin.Bitshuffle(nelems=64, cname="lz4")},
    "bitshuffle, zstd": {"compression": hdf5plugin.Bitshuffle(cname="zstd")},
    **{
        f"blosc {codec}, shuffle {shuffle}": {"compression": hdf5plugin.Blosc(cname=codec, clevel=5, shuffle=shuffle)}
        for codec in ("blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd")
        for shuffle in (0, 1, 2)
    },
}
# What is refused, by the filter's name.
REFUSED = {
    "szip": {"compression": "szip"},
    "blosc2": {"compression": hdf5plugin.Blosc2()},
    "zfp": {"compression": hdf5plugin.Zfp(reversible=True)},
}
# Filters in other orders than libraries write, by their numbers.
ORDERS = {"fletcher32, deflate": (3, 1), "deflate, shuffle": (1, 2), "deflate, deflate": (1, 1), "zstd, fletcher32": (32015, 3)}

# What h5py raises where the HDF5 library fails.
FAILURES = (OSError, RuntimeError, ValueError)


def compared(bench: Path, folder: Path, seed: int, data: Path | None) -> Iterator[dict]:
    """Compares all files: those that are written into `folder`, and those of the data."""
    rng = np.random.default_rng([seed, 1000])
    for name in [*FILTERS, *REFUSED]:
        if problem := _unusable(name):
            yield _skipped(f"filter {name}", problem)
    paths = [write(folder / f"{name} {version}.h5", version, rng) for version in ("earliest", "latest") for name, write in WRITERS]
    if data is not None:
        kept = ("hdf5/pyfive", "hdf5/jhdf", "sst")
        paths += [path for each in kept for path in sorted((data / each).rglob("*")) if path.is_file()]
    for path in paths:
        yield from _file(bench, folder, path)


def _verdict(name: str, right: bool, expected: object, found: object) -> dict:
    return {"name": name, "right": right, "expected": str(expected), "found": str(found)}


def _skipped(name: str, problem: object) -> dict:
    return {"name": name, "skipped": f"h5py: {problem}".splitlines()[0]}


def _file(bench: Path, folder: Path, path: Path) -> Iterator[dict]:
    expected, unread = {}, {}
    try:
        with h5py.File(path, "r") as file:
            for name, found in _all(file):
                try:
                    if told := _told(name, found):
                        expected[name] = told
                except FAILURES as problem:
                    unread[name] = problem
    except FAILURES as problem:
        yield _skipped(path.name, problem)
        return
    for name, problem in unread.items():
        yield _skipped(f"{path.name} {name}", problem)
    for way, options in (("", []), (" by the library", ["--library"])):
        out = folder / "checksum.json"
        ended = subprocess.run([bench, "checksum", path, "--json", out, *options], capture_output=True, text=True)
        told = {each["name"]: each for each in json.loads(out.read_text())["variables"]}
        errors = any(each["error"] for each in told.values())
        if ended.returncode != int(errors):
            found = f"{ended.returncode}: {ended.stderr}"
            yield _verdict(f"{path.name}{way}", False, f"exit code {int(errors)}", found)
        for name, right in expected.items():
            found = told.pop(name, None)
            if way and found is not None and found["error"] and "not built in" in found["error"]:
                continue
            yield _judged(f"{path.name} {name}{way}", right, found)
        for name, found in told.items():
            if name not in unread and found["error"] is None and found["dtype"] not in ("<i4", "<i8"):
                yield _verdict(f"{path.name} {name}{way}", False, "no numbers", found)


def _judged(name: str, right: dict, found: dict | None) -> dict:
    if refused := next((each for each in REFUSED if each in right["name"]), None):
        error = (found or {}).get("error") or ""
        return _verdict(name, refused in error, f"an error that names {refused}", found)
    fields = ("shape", "dtype", "sha256")
    same = found is not None and all(right[field] == found[field] for field in fields)
    return _verdict(name, same, right, found)


def _all(file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    """The data sets of a file, by name, as h5py finds them: each group once."""
    groups = [("", file)]
    entered = {h5py.h5o.get_info(file.id).addr}
    while groups:
        prefix, group = groups.pop()
        for key in group:
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                continue
            name, found = f"{prefix}/{key}", group[key]
            if isinstance(found, h5py.Group):
                address = h5py.h5o.get_info(found.id).addr
                if address not in entered:
                    entered.add(address)
                    groups.append((name, found))
            elif isinstance(found, h5py.Dataset):
                yield name, found


def _told(name: str, found: h5py.Dataset) -> dict | None:
    """What is to be found of a data set of numbers."""
    try:
        dtype = found.dtype
    except TypeError:
        return None  # Numbers that NumPy has no type for.
    if dtype.kind not in "iufb" or dtype.itemsize > 8:
        return None
    little = dtype.newbyteorder("<")
    values = found[...]
    data = b"" if found.shape is None else np.ascontiguousarray(np.asarray(values).astype(little)).tobytes()
    shape = None if found.shape is None else list(found.shape)
    return {"name": name, "shape": shape, "dtype": little.str, "sha256": hashlib.sha256(data).hexdigest()}


def _values(rng: np.random.Generator, shape: tuple[int, ...], code: str) -> np.ndarray:
    steps = np.cumsum(rng.integers(-3, 4, np.prod(shape))).reshape(shape)
    if code[1] != "f":
        return steps.astype(code)
    values = (steps * 0.37).astype(code)
    values.flat[[3, 7, 11]] = [np.nan, np.inf, -0.0]
    return values


@functools.cache
def _unusable(name: str) -> str | None:
    """Why h5py can't write or read what has this filter, if it can't."""
    options, values = {**FILTERS, **REFUSED}[name], np.arange(64, dtype="<f4")
    try:
        with h5py.File(f"{name}.h5", "w", driver="core", backing_store=False) as file:
            file.create_dataset("x", data=values, chunks=(64,), **options)
            file.flush()
            file["x"].id.refresh()
            same = np.array_equal(file["x"][...], values)
    except FAILURES as problem:
        return str(problem)
    return None if same else "what is read is not what was written"


def _filters(path: Path, version: str, rng: np.random.Generator) -> Path:
    with h5py.File(path, "w", libver=version) as file:
        for name, options in {**FILTERS, **REFUSED}.items():
            if _unusable(name):
                continue
            for code in TYPES if name not in REFUSED else ["<f4"]:
                for shape, chunks in SHAPES if name not in REFUSED else SHAPES[:1]:
                    key = f"{name}/{code.replace('<', '').replace('>', 'big ')} {shape}"
                    file.create_dataset(key, data=_values(rng, shape, code), chunks=chunks, **options)
        for code in ("<i2", "<u4", ">i4"):
            file.create_dataset(f"scaleoffset/{code[1:]}{code[0] == '>'}", data=_values(rng, (37, 23), code), chunks=(10, 9), scaleoffset=0)
    return path


def _create(file: h5py.File, name: str, dtype: h5py.h5t.TypeID, values: np.ndarray, how: Callable) -> None:
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    how(properties)
    space = h5py.h5s.create_simple(values.shape)
    h5py.Dataset(h5py.h5d.create(file.id, name.encode(), dtype, space, properties))[...] = values


def _layouts(path: Path, version: str, rng: np.random.Generator) -> Path:
    with h5py.File(path, "w", libver=version, userblock_size=512 if version == "latest" else 0) as file:
        a, long = _values(rng, (37, 23), "<i4"), _values(rng, (3000, 20), "<i2")
        file["contiguous"], file["scalar"], file["null"] = a, np.float32(1.5), h5py.Empty("f4")
        file["zero"] = np.zeros((0, 5), "i2")
        whole, some, one, both = a.shape, (5, 4), (None, 23), (None, None)
        for packing, options in (("", {}), (" deflated", {"compression": "gzip"}), (" lzf", {"compression": "lzf"})):
            file.create_dataset(f"single chunk{packing}", data=a, chunks=whole, **options)
            file.create_dataset(f"fixed array{packing}", data=a, chunks=some, **options)
            file.create_dataset(f"paged fixed array{packing}", data=long, chunks=(1, 20), **options)
            file.create_dataset(f"extensible array{packing}", data=a, chunks=some, maxshape=one, **options)
            file.create_dataset(f"long extensible array{packing}", data=long, chunks=(1, 20), maxshape=(None, 20), **options)
            file.create_dataset(f"B-tree{packing}", data=a, chunks=some, maxshape=both, **options)
            file.create_dataset(f"large B-tree{packing}", data=long, chunks=(1, 5), maxshape=both, **options)
            sparse = file.create_dataset(f"sparse{packing}", (100, 100), "f8", chunks=(10, 10), fillvalue=3.25, **options)
            sparse[35:52, 7:13] = 2
            grown = file.create_dataset(f"grown{packing}", data=a, chunks=some, maxshape=both, fillvalue=7, **options)
            grown.resize((41, 29))
            shrunk = file.create_dataset(f"shrunk{packing}", data=a, chunks=some, maxshape=both, **options)
            shrunk.resize((11, 9))
        file.create_dataset("unwritten", (50,), ">f4", fillvalue=-1.5)
        file.create_dataset("unwritten chunks", (50,), "f2", chunks=(7,), fillvalue=0.5)
        file.create_dataset("huge", (1 << 28,), "u1", chunks=(1 << 20,), fillvalue=3)
        file.create_dataset("columns", data=long, chunks=(3000, 2), compression="gzip")
        int32 = h5py.h5t.STD_I32LE
        _create(file, "implicit", int32, a, lambda p: (p.set_chunk(some), p.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)))
        _create(file, "compact", h5py.h5t.STD_I16BE, np.arange(30), lambda p: p.set_layout(h5py.h5d.COMPACT))
        for name, numbers in ORDERS.items():
            _create(file, name, int32, a, lambda p, numbers=numbers: _order(p, numbers))
        masked = file.create_dataset("mask", (20,), "<i4", chunks=(10,), compression="gzip", shuffle=True)
        masked[...] = np.arange(20)
        masked.id.write_direct_chunk((10,), np.arange(100, 110, dtype="<i4").tobytes(), filter_mask=3)
        _types(file)
        group = file.create_group("a/b/c")
        group["x"] = a
        file["hard"], file["a/loop"], file["soft"] = group["x"], file["a"], h5py.SoftLink("/a/b/c/x")
    return path


def _order(properties: h5py.h5p.PropDCID, numbers: tuple[int, ...]) -> None:
    properties.set_chunk((10, 9))
    for number in numbers:
        properties.set_filter(number, 0, (4,) if number == 1 else ())


def _types(file: h5py.File) -> None:
    for code in ("<i2", ">u4"):
        dtype = h5py.enum_dtype({"a": 1, "b": 2}, code)
        file.create_dataset(f"enumeration {code[1:]}", data=np.array([1, 2, 1], code), dtype=dtype)
    file["truth"] = np.array([True, False])
    file.create_dataset("truths", data=np.arange(100) % 3 == 0, chunks=(30,), compression="lzf")
    bits = np.arange(256, dtype="u1")
    flags = h5py.h5d.create(file.id, b"bit field", h5py.h5t.STD_B8LE, h5py.h5s.create_simple((256,)))
    flags.write(h5py.h5s.ALL, h5py.h5s.ALL, bits, h5py.h5t.STD_B8LE)
    twelve = h5py.h5t.STD_I32BE.copy()
    twelve.set_precision(12)
    twelve.set_offset(4)
    _create(file, "twelve bits", twelve, np.array([0, 1, -1, 2047, -2048]), lambda _: None)
    file["text"], file["complex"], file["compound"] = b"abc", np.array([1 + 2j]), np.zeros(3, [("a", "i4")])


WRITERS = (("filters", _filters), ("layouts", _layouts))


def main() -> None:
    """Prints a verdict a line: of the program, the folder for files, the seed and, if there is one, the data's folder."""
    bench, folder, seed, *data = sys.argv[1:]
    for each in compared(Path(bench), Path(folder), int(seed), Path(data[0]) if data else None):
        print(json.dumps(each))


if __name__ == "__main__":
    main()
