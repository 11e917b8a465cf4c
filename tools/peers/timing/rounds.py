"""Everything in turn."""

import sys
from collections.abc import Callable, Sequence

from .outcome import Answer, Measured, Outcome, judged
from .programs import OURS, Program, Settings, chosen
from .workloads import Workload

Run = Callable[[Program, Workload, Settings], Outcome]


def measure(workload: Workload, names: Sequence[str], settings: Settings, rounds: int, run: Run) -> list[Measured]:
    """Runs each program `rounds` times, in turn, ours first. What failed once is not run again."""
    programs = chosen(names, workload)
    runs: dict[str, list[Outcome]] = {program.name: [] for program in programs}
    expected: Answer | None = None
    for _ in range(rounds):
        for program in programs:
            earlier = runs[program.name]
            if any(each.problem for each in earlier):
                continue
            outcome = judged(run(program, workload, settings), expected, workload.tolerance)
            if program is OURS and expected is None:
                expected = outcome.answer
            earlier.append(outcome)
            _tell(workload, program, outcome)
    return [Measured(workload.name, program.title, tuple(runs[program.name])) for program in programs]


def _tell(workload: Workload, program: Program, outcome: Outcome) -> None:
    """So that who waits sees that it goes on."""
    took = outcome.problem or f"{outcome.seconds:.2f} s"
    print(f"  {workload.name}, {program.title}: {took}", file=sys.stderr, flush=True)
