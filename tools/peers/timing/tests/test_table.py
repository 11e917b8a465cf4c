import unittest

from timing import table
from timing.outcome import Answer, Measured, Outcome

ANSWER = Answer((), 1, 0.5, 0.0)


def ended(workload: str, program: str, seconds: float) -> Measured:
    return Measured(workload, program, (Outcome(175 << 20, seconds, ANSWER),))


def failed(workload: str, program: str, problem: str) -> Measured:
    return Measured(workload, program, (Outcome(3 << 30, problem=problem),))


MEASURED = [
    ended("mean", "ours", 2.0),
    ended("mean", "slow peer", 30.0),
    ended("mean", "peer", 9.0),
    ended("swap_axes", "ours", 4.0),
    failed("swap_axes", "peer", "over the time limit of 120 s"),
]


class Tables(unittest.TestCase):
    def test_columns_are_aligned_and_failures_told(self) -> None:
        expected = """\
workload   program    seconds  ratio  peak memory
mean       ours          2.00   1.00      175 MiB
           slow peer    30.00  15.00      175 MiB
           peer          9.00   4.50      175 MiB
swap_axes  ours          4.00   1.00      175 MiB
           peer             -      -     3.00 GiB  over the time limit of 120 s"""
        self.assertEqual(table.text(MEASURED), expected)

    def test_the_best_of_the_peers_is_named(self) -> None:
        mean, swap_axes = table.verdicts(MEASURED)
        self.assertIn("the fastest peer, peer, took 4.50 times as long as thermocline, with 175 MiB to 175 MiB", mean)
        self.assertEqual(swap_axes, "swap_axes: no peer finished")
        self.assertEqual(table.verdicts(MEASURED[:1]), [])

    def test_figures_have_every_run_and_why_there_is_none(self) -> None:
        figures = table.figures(MEASURED)
        self.assertEqual([each["ratio"] for each in figures], [1.0, 15.0, 4.5, 1.0, None])
        self.assertEqual(figures[1]["runs"], [{"seconds": 30.0, "peak_bytes": 175 << 20}])
        self.assertEqual(figures[4]["problem"], "over the time limit of 120 s")
