"""What came of a run, and what of several rounds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Answer:
    """The figures by which results are compared; NaN is no value."""

    shape: tuple[int, ...]
    valid: int
    mean: float
    moment: float

    def differs(self, expected: "Answer", tolerance: float) -> str | None:
        """What is other than expected, if something is."""
        for name in ("shape", "valid"):
            found, wanted = getattr(self, name), getattr(expected, name)
            if found != wanted:
                return f"{name} {found}, expected {wanted}"
        for name in ("mean", "moment"):
            found, wanted = getattr(self, name), getattr(expected, name)
            if not math.isclose(found, wanted, rel_tol=tolerance):
                return f"{name} {found!r}, expected {wanted!r} within {tolerance:g} of it"
        return None


@dataclass(frozen=True)
class Outcome:
    """A run: it has an answer and the seconds that it took, or a reason why there is none."""

    peak: int
    seconds: float | None = None
    answer: Answer | None = None
    # In a few words.
    problem: str | None = None
    # Whether that is a fault, of a program or of this one: not that memory or time were too short.
    fault: bool = False


@dataclass(frozen=True)
class Measured:
    """All rounds of a program with a workload."""

    workload: str
    program: str
    runs: tuple[Outcome, ...]

    @property
    def failed(self) -> Outcome | None:
        """The run that failed: there is none after it."""
        return next((run for run in self.runs if run.problem), None)

    @property
    def seconds(self) -> float | None:
        """The median; none where a run failed."""
        taken = [run.seconds for run in self.runs if run.seconds is not None]
        return median(taken) if taken and not self.failed else None

    @property
    def peak(self) -> int:
        return max(run.peak for run in self.runs)


def judged(outcome: Outcome, expected: Answer | None, tolerance: float) -> Outcome:
    """The outcome, or that its answer is wrong."""
    if outcome.answer is None or expected is None:
        return outcome
    wrong = outcome.answer.differs(expected, tolerance)
    return Outcome(outcome.peak, problem=f"WRONG: {wrong}", fault=True) if wrong else outcome


def ratio(measured: Measured, ours: Sequence[Measured]) -> float | None:
    """How many times ours the seconds are."""
    own = next((each.seconds for each in ours if each.workload == measured.workload), None)
    return measured.seconds / own if measured.seconds and own else None
