"""What a person reads, and what a program reads."""

from collections.abc import Sequence
from typing import Any

from . import sizes
from .outcome import Measured, ratio

_HEADINGS = ("workload", "program", "seconds", "ratio", "peak memory", "")
# Words are left-aligned, numbers right.
_WORDS = (0, 1, 5)


def rows(measured: Sequence[Measured]) -> list[tuple[str, ...]]:
    """A row for each program with each workload; a workload is named once."""
    made: list[tuple[str, ...]] = []
    before = None
    for each in measured:
        times = ratio(each, measured)
        made.append(
            (
                each.workload if each.workload != before else "",
                each.program,
                f"{each.seconds:.2f}" if each.seconds is not None else "-",
                f"{times:.2f}" if times is not None else "-",
                sizes.show(each.peak),
                each.failed.problem or "" if each.failed else "",
            )
        )
        before = each.workload
    return made


def text(measured: Sequence[Measured]) -> str:
    """The table in columns."""
    lines = [_HEADINGS, *rows(measured)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(_HEADINGS))]

    def column(line: tuple[str, ...], at: int) -> str:
        return line[at].ljust(widths[at]) if at in _WORDS else line[at].rjust(widths[at])

    return "\n".join("  ".join(column(line, at) for at in range(len(line))).rstrip() for line in lines)


def verdicts(measured: Sequence[Measured]) -> list[str]:
    """For each workload, how the best of the peers compares."""
    lines = []
    for workload in dict.fromkeys(each.workload for each in measured):
        of_it = [each for each in measured if each.workload == workload]
        times = [(ratio(each, measured), each) for each in of_it[1:]]
        finished = [(number, each) for number, each in times if number is not None]
        if finished:
            number, best = min(finished, key=lambda one: one[0])
            took = f"took {number:.2f} times as long as thermocline"
            memory = f"with {sizes.show(best.peak)} to {sizes.show(of_it[0].peak)}"
            lines.append(f"{workload}: the fastest peer, {best.program}, {took}, {memory}")
        elif of_it[1:] and of_it[0].seconds is not None:
            lines.append(f"{workload}: no peer finished")
    return lines


def figures(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """The same as JSON, every run with it."""
    return [
        {
            "workload": each.workload,
            "program": each.program,
            "seconds": each.seconds,
            "ratio": ratio(each, measured),
            "peak_bytes": each.peak,
            "problem": each.failed.problem if each.failed else None,
            "runs": [{"seconds": run.seconds, "peak_bytes": run.peak} for run in each.runs],
        }
        for each in measured
    ]
