"""The mean over time as a talk of 2015 had it: dask.array over netCDF4's variables.

The talk's `lock=True` made a lock for each file; today's netCDF4 does without Python's lock in its calls, and the HDF5
library in it is not made for several threads, so that the program as it was crashes. Here the files share a lock.
"""

from collections.abc import Sequence
from pathlib import Path

import dask.array as da
import numpy as np
from dask.utils import SerializableLock
from netCDF4 import Dataset

CHUNKS = {"talk": (24, 360, 360), "talk-maps": (24, 720, 1440)}


def mean(paths: Sequence[Path], chunks: tuple[int, int, int]) -> da.Array:
    """The mean over time of what is not missing; NaN where all is."""
    lock = SerializableLock("netCDF4")
    variables = [Dataset(path).variables["sst"] for path in paths]
    # netCDF4 masks what is missing: `asarray` would drop the masks.
    arrays = [da.from_array(variable, chunks=chunks, lock=lock, asarray=False) for variable in variables]
    return da.concatenate(arrays, axis=0).mean(axis=0).map_blocks(np.ma.filled, np.nan)
