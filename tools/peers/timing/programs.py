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
    # Those that it has; without, all of files, or all of made-up numbers.
    only: tuple[str, ...] = ()
    of_files: bool = True
    of_numbers: bool = True

    def has(self, workload: Workload) -> bool:
        if self.only:
            return workload.name in self.only
        return self.of_files if workload.of_files else self.of_numbers


OURS = Program("thermocline", "thermocline")
PEERS = (
    Program("xarray", "xarray + Dask, h5netcdf", of_numbers=False),
    Program("xarray-netcdf4", "xarray + Dask, netCDF4", of_numbers=False),
    Program("talk", "Dask + netCDF4, (24, 360, 360)", only=("mean",)),
    Program("talk-maps", "Dask + netCDF4, (24, 720, 1440)", only=("mean",)),
    Program("dask", "Dask, threads", of_files=False),
    Program("distributed", "distributed"),
)

# Dask's own advice: its threads are enough.
ONE_THREAD_EACH = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}


def run(program: Program, workload: Workload, settings: Settings) -> Outcome:
    """Runs a program once; what it leaves is read, and deleted with its folder by who made that."""
    figures = settings.work / "figures.json"
    figures.unlink(missing_ok=True)
    make = _bench if program is OURS else _peer
    command = make(program, workload, settings, figures)
    environment = {} if program is OURS else ONE_THREAD_EACH
    ended = process.run(command, environment, settings.work / "said.txt", settings.patience, settings.most)
    found = json.loads(figures.read_text()) if figures.exists() and figures.stat().st_size else {}
    return outcome(ended, found)


def _bench(_: Program, workload: Workload, settings: Settings, figures: Path) -> list[str]:
    read = ["--dir", str(settings.data)] if workload.of_files else ["--size", str(settings.size)]
    limits = ["--memory-limit", str(settings.memory_limit), "--threads", str(settings.threads)]
    write = ["--scratch", str(settings.work), "--json", str(figures), "--no-progress"]
    return [str(settings.bench), "run", workload.name, *read, *limits, *write]


def _peer(program: Program, workload: Workload, settings: Settings, figures: Path) -> list[str]:
    read = ["--data", str(settings.data)] if workload.of_files else ["--size", str(settings.size)]
    limits = ["--memory-limit", str(settings.memory_limit), "--threads", str(settings.threads)]
    write = ["--work", str(settings.work), "--numbers", str(settings.numbers), "--figures", str(figures)]
    return [sys.executable, "-m", "timing.peer", program.name, workload.name, *read, *limits, *write]


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
