import io
import unittest
from unittest import mock

from timing.outcome import Answer, Outcome
from timing.programs import OURS, Program, Settings
from timing.rounds import measure
from timing.workloads import WORKLOADS, Workload

GOOD, BAD = Answer((), 1, 0.5, 0.0), Answer((), 1, 0.6, 0.0)


class Rounds(unittest.TestCase):
    def setUp(self) -> None:
        self.order: list[str] = []
        progress = mock.patch("sys.stderr", io.StringIO())
        progress.start()
        self.addCleanup(progress.stop)

    def measure(self, answers: dict[str, Outcome]) -> dict[str, str | None]:
        """Two rounds of `transpose`; the problem of each program."""

        def run(program: Program, _: Workload, __: Settings) -> Outcome:
            self.order.append(program.name)
            return answers.get(program.name, Outcome(1, 2.0, GOOD))

        measured = measure(WORKLOADS["transpose"], [], mock.sentinel.settings, 2, run)
        return {each.program: each.failed.problem if each.failed else None for each in measured}

    def test_programs_run_in_turn(self) -> None:
        problems = self.measure({})
        self.assertEqual(self.order, [OURS.name, "dask", "distributed"] * 2)
        self.assertEqual(set(problems.values()), {None})

    def test_who_failed_is_not_run_again(self) -> None:
        problems = self.measure({"dask": Outcome(1, problem="killed")})
        self.assertEqual(self.order.count("dask"), 1)
        self.assertEqual(problems["Dask, threads"], "killed")

    def test_answers_are_compared_with_ours(self) -> None:
        problems = self.measure({"distributed": Outcome(1, 1.0, BAD)})
        self.assertIn("WRONG: mean 0.6, expected 0.5", problems["distributed"] or "")
        self.assertIsNone(problems["Dask, threads"])

    def test_where_ours_fails_the_others_still_run(self) -> None:
        problems = self.measure({OURS.name: Outcome(1, problem="killed")})
        self.assertEqual(self.order, [OURS.name, "dask", "distributed", "dask", "distributed"])
        self.assertEqual(problems["distributed"], None)
