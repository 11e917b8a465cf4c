"""`python -m answers`: see the package."""

import argparse
import atexit
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import warnings
from importlib import metadata
from pathlib import Path

import cftime
import dask
import netCDF4
import numpy as np
import xarray as xr

import answers

from . import (
    along,
    case,
    chains,
    creation,
    elementwise,
    files,
    graphs,
    overlap,
    products,
    random,
    real,
    reductions,
    structure,
    written,
)
from .differences import DIFFERENCES
from .report import Named, Verdict, show, verdict

GROUPS = (elementwise, reductions, structure, chains, creation, along, products, overlap, random)

# All cases together take some minutes on a busy machine.
PATIENCE = 900


def main() -> int:
    parser = argparse.ArgumentParser(prog="cargo xtask peers --answers", description=answers.__doc__)
    parser.add_argument("--versions", action="store_true", help="say what is compared with, and end")
    parser.add_argument(
        "--programs", type=Path, default=Path("target/debug"), help="the folder of thermocline's programs"
    )
    parser.add_argument("--work", type=Path, default=Path("target/peers"), help="a folder for cases and answers")
    parser.add_argument("--seed", type=int, default=0, help="other cases (default: 0)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only cases that have this in their name")
    options = parser.parse_args()
    if options.versions:
        peers = (np, xr, dask, netCDF4, cftime)
        print(
            f"Python {platform.python_version()}",
            *(f"{peer.__name__} {peer.__version__}" for peer in peers),
            *(f"{name} {metadata.version(name)}" for name in ("h5py", "hdf5plugin")),
            sep=", ",
        )
        return 0
    if not 0 <= options.seed < 2**32:
        parser.error(f"--seed {options.seed}: expected a number from 0 to 2^32 - 1")
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    options.work.mkdir(parents=True, exist_ok=True)

    def rng(number: int) -> np.random.Generator:
        return np.random.default_rng([options.seed, number])

    folder = Path(tempfile.mkdtemp(prefix="files", dir=options.work))
    atexit.register(shutil.rmtree, folder)
    cases = [each for number, group in enumerate(GROUPS) for each in group.cases(rng(number))]
    cases += files.cases(rng(len(GROUPS)), options.programs, folder)
    data = os.environ.get("THERMOCLINE_TEST_DATA")
    cases += real.cases(Path(data)) if data else []
    cases = [each for each in cases if options.only in each.text()]
    print(f"{len(cases)} cases, seed {options.seed}", flush=True)
    if problem := compute(options.programs / "answers", cases, options.work):
        print(f"peers: {problem}", file=sys.stderr)
        return 1
    found = case.read(options.work)
    verdicts = [verdict(each, found.get(number)) for number, each in enumerate(cases)]
    of_files, skipped = stored(options, folder, data)
    verdicts += [each for each in of_files if options.only in each.case.text()]
    skipped = [each for each in skipped if options.only in each]
    own = written.verdicts(options.programs.resolve() / "answers", folder.resolve())
    verdicts += [each for each in own if options.only in each.case.text()]
    verdicts += graphs.verdicts(options.programs.resolve() / "answers", options.work, options.seed, options.only)
    skipped += [] if data else ["real files: THERMOCLINE_TEST_DATA, their folder, is not set"]
    return 0 if show(verdicts, DIFFERENCES + graphs.DIFFERENCES, skipped) else 1


def stored(options: argparse.Namespace, folder: Path, data: str | None) -> tuple[list[Verdict], list[str]]:
    """What the program that compares what HDF5 files hold finds, and what it skipped."""
    arguments = [options.programs.resolve() / "bench", folder.resolve(), str(options.seed), *([data] if data else [])]
    # netCDF4 says here where its plugins are, as it is imported: they belong to its own HDF5 library, and h5py's breaks
    # on them.
    environment = {name: value for name, value in os.environ.items() if name != "HDF5_PLUGIN_PATH"}
    program = [sys.executable, "-m", "answers.stored", *arguments]
    ended = subprocess.run(program, env=environment, stdout=subprocess.PIPE, text=True, timeout=PATIENCE)
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    skipped = [f"{each['name']}: {each['skipped']}" for each in found if "skipped" in each]
    verdicts = [Verdict(Named("stored", each.pop("name")), **each) for each in found if "skipped" not in each]
    if ended.returncode != 0:
        verdicts.append(Verdict(Named("stored", "all files"), False, "exit code 0", str(ended.returncode)))
    return verdicts, skipped


def compute(program: Path, cases: list[case.Case], folder: Path) -> str | None:
    """Has the cases computed; what went wrong, if it did."""
    listing = case.write(cases, folder)
    try:
        subprocess.run([program, listing, folder], check=True, timeout=PATIENCE)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError) as error:
        done = (
            len((folder / "answers.jsonl").read_text().splitlines()) if (folder / "answers.jsonl").exists() else 0
        )
        at = f"; it was at {cases[done].text()}" if done < len(cases) else ""
        return f"{error}{at}"
    return None


if __name__ == "__main__":
    sys.exit(main())
