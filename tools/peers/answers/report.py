"""What a person reads: a table of what differs, one of what was compared, and the sums of both."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from .case import Answer, Case, Expected
from .differences import Difference
from .rules import judge


@dataclass(frozen=True)
class Named:
    """What is compared by another program than the one for cases."""

    group: str
    name: str

    def text(self) -> str:
        return self.name


@dataclass(frozen=True)
class Verdict:
    """Whether a case passed; if it did not, what was expected and what was found."""

    case: Case | Named
    right: bool
    expected: str = ""
    found: str = ""
    difference: str | None = None


def verdict(case: Case, answer: Answer | None) -> Verdict:
    """Judges an answer. Where NumPy refuses, thermocline must; a panic is never right."""
    try:
        expected = case.expect()
    except Exception as refused:  # noqa: BLE001 - whatever NumPy raises is its answer
        right = answer is not None and answer.error is not None
        difference = getattr(refused, "difference", None)
        return Verdict(case, right, f"an error ({_line(refused)})", _describe(answer), difference)
    if answer is None or answer.array is None:
        return Verdict(case, False, _shape(expected.value), _describe(answer), expected.difference)
    return _compared(case, expected, answer.array)


def _compared(case: Case, expected: Expected, found: np.ndarray) -> Verdict:
    dtype = expected.dtype
    if found.dtype != dtype or found.shape != expected.value.shape:
        described = f"{dtype}{list(expected.value.shape)}"
        return Verdict(case, False, described, _shape(found), expected.difference)
    right = np.asarray(judge(found, expected))
    if right.all():
        if found.size and np.any(judge(spoilt(found, expected), expected)):
            return Verdict(case, False, "a spoilt answer to be refused", "it was accepted: the rule is too lenient")
        return Verdict(case, True, difference=expected.difference)
    at = tuple(int(index) for index in np.argwhere(~right)[0])
    wrong = f"{np.count_nonzero(~right)} of {right.size}, first at {list(at)}: "
    slack = "" if expected.slack is None else f" +- {float(np.broadcast_to(expected.slack, right.shape)[at]):.2g}"
    return Verdict(
        case, False, f"{expected.value.astype(dtype)[at]!r}{slack}", f"{wrong}{found[at]!r}", expected.difference
    )


def spoilt(found: np.ndarray, expected: Expected) -> np.ndarray:
    """An answer that is wrong everywhere: by one, by a part in a thousand, or by twice what it may be off."""
    if found.dtype.kind == "b":
        return ~found
    if found.dtype.kind in "iu":
        return found + found.dtype.type(1)
    by = 1e-3 * np.maximum(np.abs(found), 1)
    if expected.slack is not None:
        by = np.where(np.isfinite(expected.slack), np.maximum(by, 2 * expected.slack), by)
    away = (found + by).astype(found.dtype)
    return np.where(np.isfinite(found) & (away != found), away, found.dtype.type(0.5)).astype(found.dtype)


def _shape(array: np.ndarray) -> str:
    return f"{array.dtype}{list(array.shape)}"


def _describe(answer: Answer | None) -> str:
    if answer is None:
        return "no answer: the program ended"
    if answer.array is not None:
        return _shape(answer.array)
    return f"an error: {answer.error}" if answer.error else f"PROBLEM: {answer.problem}"


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def show(verdicts: list[Verdict], differences: list[Difference], skipped: list[str], most: int = 60) -> bool:
    """Prints the report; whether all is well. What was skipped has not passed, and is told by name."""
    failed = [each for each in verdicts if not each.right]
    for each in failed[:most]:
        print(f"\n  case      {each.case.text()}\n  expected  {each.expected}\n  found     {each.found}")
    if len(failed) > most:
        print(f"\n  ... and {len(failed) - most} more")
    print(f"\n  {'group':<14}{'passed':>8}{'failed':>8}")
    groups = Counter(each.case.group for each in verdicts)
    for group, count in groups.items():
        passed = sum(each.right for each in verdicts if each.case.group == group)
        print(f"  {group:<14}{passed:>8}{count - passed:>8}")
    print("\n  of these, other than NumPy or Dask on purpose:")
    met = Counter(each.difference for each in verdicts)
    for difference in differences:
        print(f"  {met[difference.name]:>8}  {difference.name}: {difference.reason}")
    if skipped:
        print("\n  skipped:", *skipped, sep="\n  ")
    print(f"\n{len(verdicts) - len(failed)} passed, {len(failed)} failed, {len(skipped)} skipped")
    return not failed
