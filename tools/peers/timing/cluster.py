"""What Dask computes with."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dask
from distributed import Client, LocalCluster


@contextmanager
def scheduler(peer: str, threads: int, memory_limit: int, work: Path) -> Iterator[None]:
    """Threads, which know no limit of memory, or a cluster of processes, which share it."""
    if peer != "distributed":
        with dask.config.set(scheduler="threads", num_workers=threads):
            yield
        return
    # As many processes of a thread each as Dask itself starts on few cores.
    with (
        LocalCluster(
            n_workers=threads,
            threads_per_worker=1,
            memory_limit=memory_limit // threads,
            local_directory=str(work),
            dashboard_address=None,
        ) as cluster,
        Client(cluster),
    ):
        yield
