"""Runs a command and watches it."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Peaks are kept by the kernel: only one of the last moments of a process is missed.
_INTERVAL = 0.02
# So seldom are new processes looked for.
_SEARCH = 0.25


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    # That of the first process; minus the signal that ended it.
    code: int
    # Why it was ended from here, if it was.
    stopped: str | None
    # The most that was resident: see `Memory`.
    peak: int
    # What it complained of.
    said: str


class Memory:
    """The memory of a process and of all that it started: the kernel's own peak of each (VmHWM), summed over those that
    are there at the same time. Clusters start workers anew in place of killed ones, which don't count any longer."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._known: list[int] = []
        self._searched = float("-inf")
        self.peak = 0

    def look(self) -> int:
        """Takes down the peaks so far; the bytes that are resident now."""
        if time.monotonic() - self._searched >= _SEARCH:
            self._known = list(_tree(self._root))
            self._searched = time.monotonic()
        told = [_status(pid) for pid in self._known]
        self.peak = max(self.peak, sum(status.get("VmHWM", 0) for status in told))
        return sum(status.get("VmRSS", 0) for status in told)


def _tree(pid: int) -> Iterator[int]:
    """A process and those that it started and that are still there."""
    yield pid
    try:
        listings = [listing.read_text() for listing in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        # It ended meanwhile.
        return
    for child in " ".join(listings).split():
        yield from _tree(int(child))


def _status(pid: int) -> dict[str, int]:
    """What the kernel tells of a process's memory, in bytes; nothing of one that ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    told = (line.split() for line in lines if line.startswith(("VmHWM:", "VmRSS:")))
    return {name.rstrip(":"): int(size) << 10 for name, size, _ in told}


def run(command: Sequence[str], environment: Mapping[str, str], log: Path, patience: float, most: int) -> Ended:
    """Runs a command for `patience` seconds at most, and while it has no more than `most` bytes resident: more would
    take the machine down with it. All that it started ends with it."""
    with open(log, "wb") as complaints:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        memory = Memory(process.pid)
        try:
            stopped = _watch(process, memory, patience, most)
        finally:
            _end(process)
    return Ended(process.returncode, stopped, memory.peak, log.read_text(errors="replace"))


def _watch(process: subprocess.Popen, memory: Memory, patience: float, most: int) -> str | None:
    """Waits for the end; why it should not be waited for any longer."""
    start = time.monotonic()
    while not _has_ended(process):
        if memory.look() > most:
            return "out of memory: killed before it took the machine's"
        if time.monotonic() - start > patience:
            return f"over the time limit of {patience:g} s"
        time.sleep(_INTERVAL)
    return None


def _has_ended(process: subprocess.Popen) -> bool:
    """Whether it has; it is left a zombie, so that its number is not given to another process group."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end(process: subprocess.Popen) -> None:
    """Ends the process group that the process began."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
