import unittest

from timing.outcome import Answer
from timing.process import Ended
from timing.programs import OURS, PEERS, chosen, outcome
from timing.workloads import WORKLOADS

FIGURES = {
    "outcome": "ok",
    "wall_s": 2.5,
    "result_shape": [720, 1440],
    "result_valid": 9,
    "result_mean": 16.9,
    "result_moment": 8.4,
}


def ended(code: int = 0, stopped: str | None = None, said: str = "") -> Ended:
    return Ended(code, stopped, 1 << 20, said)


class Outcomes(unittest.TestCase):
    def test_figures_are_read(self) -> None:
        run = outcome(ended(), FIGURES)
        self.assertEqual((run.seconds, run.peak, run.problem), (2.5, 1 << 20, None))
        self.assertEqual(run.answer, Answer((720, 1440), 9, 16.9, 8.4))

    def test_too_little_memory_or_time_is_no_fault(self) -> None:
        runs = {
            "over the time limit of 5 s": outcome(ended(-9, "over the time limit of 5 s"), FIGURES),
            "out of memory: KilledWorker": outcome(ended(), {"outcome": "memory-limit", "error": "KilledWorker"}),
            "killed, by the system: out of memory": outcome(ended(-9), {}),
        }
        for problem, run in runs.items():
            self.assertEqual((run.problem, run.fault, run.seconds), (problem, False, None))

    def test_a_crash_is_a_fault_with_its_last_words(self) -> None:
        for run, problem in (
            (outcome(ended(1, said="Traceback\nKeyError: 'sst'\n"), {}), "failed: KeyError: 'sst' (code 1)"),
            (outcome(ended(-11), {}), "failed: signal 11"),
            (outcome(ended(), {"outcome": "error", "error": "ValueError: x"}), "failed: ValueError: x"),
            (outcome(ended(1), FIGURES), "failed: code 1"),
        ):
            self.assertEqual((run.problem, run.fault), (problem, True))


class Choices(unittest.TestCase):
    def test_every_workload_has_peers(self) -> None:
        for workload in WORKLOADS.values():
            self.assertGreater(len(chosen([], workload)), 1)

    def test_ours_is_first_and_always_there(self) -> None:
        self.assertEqual(chosen(["talk"], WORKLOADS["transpose"]), [OURS])
        names = [each.name for each in chosen(["distributed", "talk"], WORKLOADS["mean"])]
        self.assertEqual(names, [OURS.name, "talk", "distributed"])
        self.assertEqual(len({each.name for each in PEERS}), len(PEERS))
