"""`python -m timing`: see the package."""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import timing

from . import programs, sizes, table
from .outcome import Measured
from .programs import OURS, PEERS, Settings
from .rounds import measure
from .workloads import DEFAULT, WORKLOADS

# What `--check` makes do with.
CHECKED_DAYS = 20
CHECKED_SIZE = 16 << 20
CHECKED_ROWS = 50_000
# A few minutes of work for the slowest.
YEARS = "1981-1982"


def main() -> int:
    parser = _parser()
    options = parser.parse_args()
    if unknown := [name for name in options.workloads if name not in WORKLOADS]:
        parser.error(f"no such workload: {', '.join(unknown)}; there are {', '.join(WORKLOADS)}")
    if options.versions:
        print(f"Python {platform.python_version()},", ", ".join(_versions()))
        return 0
    if options.check:
        options.workloads = options.workloads or list(WORKLOADS)
        options.size, options.rounds = CHECKED_SIZE, 1
    options.work.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="run", dir=options.work))
    try:
        measured = _all(options, work)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"peers: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return _report(measured, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cargo xtask peers",
        description=(timing.__doc__ or "").partition("\n\nOn this side")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    number, size = _at_least_one, _size
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"default: {' '.join(DEFAULT)}")
    parser.add_argument("--data", type=Path, help="a folder of sst*.nc, made where it has none (default: in target/)")
    parser.add_argument("--years", default=YEARS, help=f"the years that are made (default: {YEARS})")
    parser.add_argument("--flights", type=Path, help="a folder of flights_*.csv, likewise")
    parser.add_argument("--rows", type=number, default=20_000_000, help="flights that are made (default: 20000000)")
    parser.add_argument("--size", type=size, default=3 << 30, help="bytes of made-up numbers (default: 3GiB)")
    parser.add_argument("--memory-limit", type=size, default=1 << 30, help="of each program that has one (1GiB)")
    parser.add_argument("--threads", type=number, default=programs.cores(), help="or processes (default: the cores)")
    parser.add_argument("--rounds", type=number, default=3, help="how often each runs; the median counts (default: 3)")
    parser.add_argument("--time-limit", type=number, default=120, metavar="SECONDS", help="of a run (default: 120)")
    names = [peer.name for peer in PEERS]
    parser.add_argument("--only", action="append", default=[], choices=names, help="this peer; may be given again")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to this file, too")
    parser.add_argument("--check", action="store_true", help="whether all run and agree, on tiny data; no figures")
    parser.add_argument("--versions", action="store_true", help="say what is compared with, and end")
    parser.add_argument("--bench", type=Path, default=Path("target/release/bench"), help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, default=Path("target/peers"), help=argparse.SUPPRESS)
    return parser


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number from 1 on")
    return int(text)


def _size(text: str) -> int:
    try:
        return sizes.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _all(options: argparse.Namespace, work: Path) -> list[Measured]:
    """Runs all workloads that are asked for, in a folder for what runs write."""
    workloads = [WORKLOADS[name] for name in options.workloads or DEFAULT]
    kinds = {workload.of for workload in workloads}
    settings = Settings(
        bench=options.bench,
        work=work,
        data=_data(options) if "sea" in kinds else work,
        flights=_flights(options) if "flights" in kinds else work,
        size=options.size,
        memory_limit=options.memory_limit,
        threads=options.threads,
        patience=options.time_limit,
        most=_memory() * 3 // 4,
        numbers=_numbers(work),
    )
    every = []
    for workload in workloads:
        if workload.of != "numbers":
            _warm(settings.data if workload.of == "sea" else settings.flights)
        every += measure(workload, options.only, settings, options.rounds, programs.run)
    return every


def _data(options: argparse.Namespace) -> Path:
    """The folder of files; what is missing there is made."""
    folder, years = options.data, ["--years", options.years]
    if folder is None:
        folder = options.work / ("checked" if options.check else f"ocean-{options.years}")
        years += ["--days", str(CHECKED_DAYS)] if options.check else []
    elif any(folder.glob("sst*.nc")):
        return folder
    made = [options.bench, "generate", "--dir", folder, *years]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
    return folder


def _flights(options: argparse.Namespace) -> Path:
    """The folder of flights; what is missing there is made."""
    rows = CHECKED_ROWS if options.check else options.rows
    folder = options.flights or options.work / f"flights-{rows}"
    if options.flights and any(folder.glob("flights_*.csv")):
        return folder
    made = [options.bench, "generate-flights", "--dir", folder, "--rows", str(rows)]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
    return folder


def _warm(folder: Path) -> None:
    """Reads the files, so that who runs first does not wait for the disk more than the others."""
    for path in (*folder.glob("sst*.nc"), *folder.glob("flights_*.csv")):
        with open(path, "rb") as file:
            while file.read(16 << 20):
                pass


def _numbers(work: Path) -> Path:
    """Compiles the library that makes numbers up; building HDF5 takes a C compiler, too."""
    source, library = Path(__file__).with_name("splitmix.c"), work / "splitmix.so"
    subprocess.run(["cc", "-O3", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


def _memory() -> int:
    """The bytes that are available on this machine."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))


def _versions() -> list[str]:
    names = ("numpy", "dask", "distributed", "xarray", "flox", "bottleneck", "h5netcdf", "h5py", "netCDF4")
    names += ("pandas", "polars", "duckdb")
    return [f"{name} {metadata.version(name)}" for name in names]


def _report(measured: list[Measured], options: argparse.Namespace) -> int:
    """Tells what came out; whether a program was at fault, or an answer wrong."""
    failed = [(each, each.failed) for each in measured if each.failed]
    faults = [(each, run) for each, run in failed if run.fault or options.check or each.program == OURS.title]
    if options.check:
        for each, run in faults:
            print(f"{each.workload}, {each.program}: {run.problem}")
        print(f"{len(measured) - len(faults)} ran and agree, {len(faults)} do not")
    else:
        print(_header(options), table.text(measured), "", *table.verdicts(measured), sep="\n")
    if options.json:
        document = {"machine": _machine(options), "versions": _versions(), "measured": table.figures(measured)}
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    return 1 if faults else 0


def _machine(options: argparse.Namespace) -> dict[str, object]:
    return {
        "cores": programs.cores(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "threads": options.threads,
        "memory_limit_bytes": options.memory_limit,
        "size_bytes": options.size,
        "rounds": options.rounds,
    }


def _header(options: argparse.Namespace) -> str:
    limit, size = sizes.show(options.memory_limit), sizes.show(options.size)
    rounds = "one round" if options.rounds == 1 else f"median of {options.rounds} rounds"
    return (
        f"\n{options.threads} threads or processes, {rounds}; made-up numbers of {size}; memory limit {limit}, of "
        "thermocline, of the workers of distributed, of polars and of DuckDB (Dask's threads know none)\n"
    )


if __name__ == "__main__":
    sys.exit(main())
