"""Who computes, and by which command."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any

from . import process
from .outcome import Answer, Outcome
from .workloads import Workload


@dataclass(frozen=True)
class Settings:
    """What all runs have in common."""

    bench: Path
    # A folder for what runs write; nothing is left in it.
    work: Path
    data: Path
    # The folder of flights.
    flights: Path
    # Bytes of an array of made-up numbers.
    size: int
    memory_limit: int
    threads: int
    # Seconds that a run may take.
    patience: float
    # Resident bytes at which a run is ended.
    most: int
    # The library that makes numbers up.
    numbers: Path


@dataclass(frozen=True)
class Program:
    """Something that computes workloads."""

    name: str
    # In words, for the table.
    title: str
    # Those that it has; without, all of these kinds.
    only: tuple[str, ...] = ()
    of: tuple[str, ...] = ("sea", "numbers", "flights")

    def has(self, workload: Workload) -> bool:
        return workload.name in self.only if self.only else workload.of in self.of


OURS = Program("thermocline", "thermocline")
PEERS = (
    Program("xarray", "xarray + Dask, h5netcdf", of=("sea",)),
    Program("xarray-netcdf4", "xarray + Dask, netCDF4", of=("sea",)),
    Program("talk", "Dask + netCDF4, (24, 360, 360)", only=("mean",)),
    Program("talk-maps", "Dask + netCDF4, (24, 720, 1440)", only=("mean",)),
    Program("dask", "Dask, threads", of=("numbers", "flights")),
    Program("distributed", "distributed"),
    Program("polars", "polars, streaming", of=("flights",)),
    Program("duckdb", "DuckDB", of=("flights",)),
)

# Dask's own advice: its threads are enough.
ONE_THREAD_EACH = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}


def run(program: Program, workload: Workload, settings: Settings) -> Outcome:
    """Runs a program once; what it leaves is read, and deleted with its folder by who made that."""
    figures = settings.work / "figures.json"
    figures.unlink(missing_ok=True)
    make = _bench if program is OURS else _peer
    command = make(program, workload, settings, figures)
    environment = {} if program is OURS else ONE_THREAD_EACH | _told(program, settings)
    ended = process.run(command, environment, settings.work / "said.txt", settings.patience, settings.most)
    found = json.loads(figures.read_text()) if figures.exists() and figures.stat().st_size else {}
    return outcome(ended, found)


def _told(program: Program, settings: Settings) -> dict[str, str]:
    """What a program is told of its limits by its environment."""
    if program.name != "polars":
        return {}
    budget = {"POLARS_OOC_MEMORY_BUDGET_MB": str(settings.memory_limit >> 20), "POLARS_OOC_SPILL_DIR": str(settings.work)}
    return {"POLARS_MAX_THREADS": str(settings.threads), **budget}


def _bench(_: Program, workload: Workload, settings: Settings, figures: Path) -> list[str]:
    read = {
        "sea": ["--dir", str(settings.data)],
        "numbers": ["--size", str(settings.size)],
        "flights": ["--csv", f"{settings.flights}/flights_*.csv"],
    }
    write = ["--scratch", str(settings.work), "--json", str(figures), "--no-progress"]
    return [str(settings.bench), "run", workload.name, *read[workload.of], *_limits(settings), *write]


def _peer(program: Program, workload: Workload, settings: Settings, figures: Path) -> list[str]:
    write = ["--work", str(settings.work), "--figures", str(figures)]
    if workload.of == "flights":
        module, read = "timing.tables", ["--data", str(settings.flights)]
    else:
        module, numbers = "timing.peer", ["--numbers", str(settings.numbers)]
        read = ["--data", str(settings.data)] if workload.of == "sea" else ["--size", str(settings.size)]
        write += numbers
    return [sys.executable, "-m", module, program.name, workload.name, *read, *_limits(settings), *write]


def _limits(settings: Settings) -> list[str]:
    return ["--memory-limit", str(settings.memory_limit), "--threads", str(settings.threads)]


def outcome(ended: process.Ended, figures: dict[str, Any]) -> Outcome:
    """What came of a process that left these figures: `bench`'s own, and the peers' in the same terms."""
    if ended.stopped:
        return Outcome(ended.peak, problem=ended.stopped)
    if figures.get("outcome") == "ok" and ended.code == 0:
        answer = Answer(
            tuple(figures["result_shape"]), figures["result_valid"], figures["result_mean"], figures["result_moment"]
        )
        return Outcome(ended.peak, figures["wall_s"], answer)
    error = shorten(figures.get("error") or _last_words(ended), 100, placeholder=" ...")
    if figures.get("outcome") == "memory-limit":
        return Outcome(ended.peak, problem=f"out of memory: {error}")
    if ended.code == -9:
        return Outcome(ended.peak, problem="killed, by the system: out of memory")
    return Outcome(ended.peak, problem=f"failed: {error}", fault=True)


def _last_words(ended: process.Ended) -> str:
    said = ended.said.strip().splitlines()
    end = f"signal {-ended.code}" if ended.code < 0 else f"code {ended.code}"
    return f"{said[-1]} ({end})" if said else end


def chosen(names: Sequence[str], workload: Workload) -> list[Program]:
    """Ours, and the peers that have the workload; of these the ones that are named, if some are."""
    return [OURS, *(each for each in PEERS if each.has(workload) and (not names or each.name in names))]


def cores() -> int:
    return len(os.sched_getaffinity(0))
