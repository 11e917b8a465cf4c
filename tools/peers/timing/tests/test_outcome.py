import unittest
from dataclasses import replace
from typing import Any

from timing.outcome import Answer, Measured, Outcome, judged, ratio

ANSWER = Answer((720, 1440), 715_392, 16.9, 8.4)


class Answers(unittest.TestCase):
    def test_rounding_is_no_difference(self) -> None:
        self.assertIsNone(replace(ANSWER, mean=16.9 * (1 + 1e-6)).differs(ANSWER, 1e-5))
        zero = Answer((), 1, 0.0, 0.0)
        self.assertIsNone(zero.differs(zero, 1e-9))

    def test_each_figure_tells(self) -> None:
        others: dict[str, Any] = {"shape": (1440, 720), "valid": 715_391, "mean": 16.91, "moment": 8.5}
        for name, value in others.items():
            said = replace(ANSWER, **{name: value}).differs(ANSWER, 1e-5)
            self.assertRegex(said or "nothing", f"^{name} .*expected")
        self.assertIsNotNone(replace(ANSWER, mean=float("nan")).differs(ANSWER, 1e-5))

    def test_a_wrong_answer_has_no_seconds(self) -> None:
        run = Outcome(1 << 20, 2.0, replace(ANSWER, valid=1))
        wrong = judged(run, ANSWER, 1e-5)
        self.assertEqual((wrong.fault, wrong.seconds), (True, None))
        self.assertRegex(wrong.problem or "", "^WRONG: valid 1")
        self.assertIs(judged(run, None, 1e-5), run)


class Rounds(unittest.TestCase):
    def test_the_median_of_seconds_and_the_highest_peak_count(self) -> None:
        runs = tuple(Outcome(peak, seconds, ANSWER) for peak, seconds in ((5, 4.0), (9, 1.0), (7, 2.0)))
        measured = Measured("mean", "one", runs)
        self.assertEqual((measured.seconds, measured.peak, measured.failed), (2.0, 9, None))

    def test_who_failed_once_has_no_seconds(self) -> None:
        killed = Outcome(9, problem="killed")
        measured = Measured("mean", "one", (Outcome(5, 4.0, ANSWER), killed))
        self.assertEqual((measured.seconds, measured.peak, measured.failed), (None, 9, killed))
        self.assertIsNone(ratio(measured, [measured]))

    def test_ratios_are_to_the_first_program_of_the_same_workload(self) -> None:
        def taking(workload: str, program: str, seconds: float) -> Measured:
            return Measured(workload, program, (Outcome(1, seconds, ANSWER),))

        every = [taking("a", "ours", 2.0), taking("a", "peer", 9.0), taking("b", "ours", 3.0), taking("b", "peer", 6.0)]
        self.assertEqual([ratio(each, every) for each in every], [1.0, 4.5, 1.0, 2.0])
