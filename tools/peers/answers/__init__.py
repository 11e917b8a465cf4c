"""Compares thermocline with NumPy and xarray, case by case.

`cases` come from the modules that are named after what they are about: each has tables, an operation a line, and a
function that makes cases from them with arrays drawn from a seed. Python writes the cases, the Rust program beside this
folder computes them, and the answers are compared with what NumPy makes of the same bytes.

- `case`     what a case is, and how it is written for the other side
- `values`   arrays of all types: random, and with what breaks things
- `rules`    how close an answer must be, and why
- `differences`  where thermocline differs from NumPy on purpose
- `elementwise`, `reductions`, `structure`, `along`, `products`, `overlap`, `creation`, `random`  the cases of one
  operation; `single` makes such a case
- `chains`   cases of several operations
- `fields`   what is done with variables of files, by xarray; `fixtures` files that are written for that, `files` their
  cases, `real` those of real files, which are skipped where there are none
- `stored`   what HDF5 files hold, byte for byte: `bench checksum` beside h5py
- `graphs`   graphs of tasks as JSON, by Dask
- `report`   what a person reads
"""
