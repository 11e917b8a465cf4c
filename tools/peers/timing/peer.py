"""`python -m timing.peer`: one workload by one peer; leaves figures as `bench run --json` does."""

import argparse
import json
import time
from pathlib import Path

import dask.array as da
import numpy as np
from distributed import KilledWorker, wait

from . import made, sea, summary, talk
from .cluster import scheduler

# Results that are stacks of maps stay where the scheduler keeps them, as they do in `bench`.
STACKS = ("climatology", "anomaly")


def main() -> None:
    options = _options()
    figures: dict[str, object]
    try:
        with scheduler(options.peer, options.threads, options.memory_limit, options.work):
            seconds, result = compute(options)
            figures = {"outcome": "ok", "wall_s": seconds, **summary.figures(result)}
    except KilledWorker as error:
        figures = {"outcome": "memory-limit", "error": f"workers died of a task {error.allowed_failures + 1} times"}
    except MemoryError as error:
        figures = {"outcome": "memory-limit", "error": _line(error)}
    except Exception as error:
        # Whatever a peer raises is what came of it.
        figures = {"outcome": "error", "error": _line(error)}
    options.figures.write_text(json.dumps(figures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m timing.peer", description=__doc__)
    parser.add_argument("peer")
    parser.add_argument("workload")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--size", type=int)
    parser.add_argument("--memory-limit", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--numbers", type=str, required=True)
    parser.add_argument("--figures", type=Path, required=True)
    return parser.parse_args()


def compute(options: argparse.Namespace) -> tuple[float, np.ndarray | da.Array]:
    """Does the work: the seconds that it took, and the result."""
    result: np.ndarray | da.Array
    start = time.perf_counter()
    if options.workload == "spilling":
        result = persisted_then_summed(options)
    elif options.workload in STACKS:
        result = kept(lazy(options), options)
    else:
        result = lazy(options).compute()
    return time.perf_counter() - start, result


def lazy(options: argparse.Namespace) -> da.Array:
    """What is to be computed."""
    if options.workload in made.TABLE:
        make, formula = made.TABLE[options.workload]
        return formula(make(options.numbers, options.size))
    paths = sorted(options.data.glob("sst*.nc"))
    if options.peer in talk.CHUNKS:
        return talk.mean(paths, talk.CHUNKS[options.peer])
    clustered = options.peer == "distributed"
    engine = "netcdf4" if options.peer == "xarray-netcdf4" else "h5netcdf"
    days = sea.DAYS_OF_WORKERS if clustered else sea.DAYS
    return sea.lazy(options.workload, paths, engine, days, parallel=clustered)


def kept(array: da.Array, options: argparse.Namespace) -> da.Array:
    """Computed, and left with the scheduler."""
    array = array.persist()
    if options.peer == "distributed":
        wait(array)
    return array


def persisted_then_summed(options: argparse.Namespace) -> np.ndarray:
    """More than memory holds is kept, and read twice."""
    make, formula = made.TABLE[options.workload]
    array = kept(make(options.numbers, options.size), options)
    first, second = formula(array).compute(), formula(array).compute()
    if first != second:
        raise ArithmeticError(f"two sums of the same numbers: {first!r}, {second!r}")
    return second


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


if __name__ == "__main__":
    main()
