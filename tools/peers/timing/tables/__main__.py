"""`python -m timing.tables`: one workload on flights by one peer; leaves figures as `bench run --json` does."""

import argparse
import json
import time
from pathlib import Path

from .figures import Part, figures


def main() -> None:
    options = _options()
    found: dict[str, object]
    try:
        seconds, (parts, width) = _compute(options)
        found = {"outcome": "ok", "wall_s": seconds, **figures(parts, width)}
    except Exception as error:
        # Whatever a peer raises is what came of it.
        line = f"{type(error).__name__}: {error}".splitlines()[0]
        found = {"outcome": "memory-limit" if _is_memory(error) else "error", "error": line}
    options.figures.write_text(json.dumps(found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m timing.tables", description=__doc__)
    parser.add_argument("peer")
    parser.add_argument("workload")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--memory-limit", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--figures", type=Path, required=True)
    return parser.parse_args()


def _compute(options: argparse.Namespace) -> tuple[float, tuple[list[Part], int]]:
    """Does the work: the seconds that it took, and the figures. Each peer is imported alone: its memory counts."""
    if options.peer == "duckdb":
        from . import with_duckdb

        start = time.perf_counter()
        found = with_duckdb.compute(options.workload, options.data, options.memory_limit, options.threads, options.work)
        return time.perf_counter() - start, found
    if options.peer == "polars":
        from . import with_polars

        start = time.perf_counter()
        found = with_polars.compute(options.workload, options.data)
        return time.perf_counter() - start, found
    from ..cluster import scheduler
    from . import with_dask

    with scheduler(options.peer, options.threads, options.memory_limit, options.work):
        start = time.perf_counter()
        found = with_dask.compute(options.workload, options.data)
        return time.perf_counter() - start, found


def _is_memory(error: Exception) -> bool:
    """Whether it says that memory was too short, in the words of Python, of distributed or of DuckDB."""
    return isinstance(error, MemoryError) or type(error).__name__ in ("KilledWorker", "OutOfMemoryException")


if __name__ == "__main__":
    main()
