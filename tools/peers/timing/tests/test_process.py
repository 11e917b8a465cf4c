import os
import sys
import tempfile
import unittest
from pathlib import Path

from timing.process import Ended, run

MIB = 1 << 20


class Processes(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log = Path(folder.name) / "said"
        self.told = Path(folder.name) / "told"

    def python(self, program: str, patience: float = 60.0, most: int = 1 << 40) -> Ended:
        environment = {"TOLD": str(self.told)}
        return run([sys.executable, "-c", program], environment, self.log, patience, most)

    def test_what_ends_is_told_with_its_words(self) -> None:
        ended = self.python("import sys; print('lost'); print('heard', file=sys.stderr); sys.exit(3)")
        self.assertEqual((ended.code, ended.stopped, ended.said), (3, None, "heard\n"))

    def test_memory_counts_also_after_it_was_given_back(self) -> None:
        peak = self.python(f"import time; b = bytearray({60 * MIB}); del b; time.sleep(1)").peak
        self.assertGreater(peak, 60 * MIB)
        self.assertLess(peak, 100 * MIB)

    def test_the_memory_of_children_is_added(self) -> None:
        child = f"import time; b = bytearray({60 * MIB}); time.sleep(2)"
        start = f"subprocess.run([sys.executable, '-c', {child!r}])"
        program = f"import subprocess, sys; b = bytearray({60 * MIB}); {start}"
        self.assertGreater(self.python(program).peak, 120 * MIB)

    def test_who_takes_too_long_is_ended(self) -> None:
        ended = self.python("import time; time.sleep(600)", patience=0.2)
        self.assertEqual(ended.stopped, "over the time limit of 0.2 s")

    def test_who_takes_too_much_ends_with_all_that_it_started(self) -> None:
        tell = "open(os.environ['TOLD'], 'w').write(str(os.getpid()))"
        child = f"import os, time; {tell}; b = bytearray({200 * MIB}); time.sleep(600)"
        program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
        ended = self.python(program, most=100 * MIB)
        self.assertIn("out of memory", ended.stopped or "")
        self.assertGreater(ended.peak, 100 * MIB)
        with self.assertRaises(ProcessLookupError):
            _wait_for(int(self.told.read_text()))


def _wait_for(pid: int) -> None:
    """Asks for a process until it is gone: who inherits it has to take notice of its end."""
    for _ in range(100_000):
        os.kill(pid, 0)
        if _state(pid) == "Z":
            raise ProcessLookupError(pid)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return "gone"
