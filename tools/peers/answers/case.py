"""A case: arrays, what is done with them, and how the answer is judged."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Input:
    """An array in chunks of about this shape, or a scalar."""

    array: np.ndarray
    chunks: tuple[int, ...] = ()
    scalar: bool = False

    def text(self) -> str:
        if self.scalar:
            return f"{self.array.dtype}({self.array[()]!s})"
        shape = ",".join(map(str, self.array.shape))
        chunks = ",".join(map(str, self.chunks))
        return f"{self.array.dtype}[{shape}]/({chunks})"


@dataclass(frozen=True)
class Step:
    """An operation on inputs and on the results of earlier steps, which are numbered in this order."""

    do: str
    on: tuple[int, ...]
    options: dict = field(default_factory=dict)

    def text(self, operands: list[str]) -> str:
        options = [f"{name}={value}" for name, value in self.options.items() if value is not None]
        return f"{self.do}({', '.join(operands + options)})"


@dataclass(frozen=True)
class Expected:
    """What is right: of this type, and off by at most `slack`. None is exact, down to the sign of zero."""

    value: np.ndarray
    slack: np.ndarray | None = None
    # The type, where `value` is in a wider one.
    narrow: np.dtype | None = None
    # Another answer that is right as well: NumPy's own, where `value` is more accurate than that.
    also: np.ndarray | None = None
    # Where thermocline does otherwise than NumPy on purpose: the name of the difference.
    difference: str | None = None

    @property
    def dtype(self) -> np.dtype:
        return self.narrow or self.value.dtype


@dataclass
class Case:
    """What is expected is computed when the answer is there, so that an error of NumPy's is an expectation, too."""

    group: str
    inputs: list[Input]
    steps: list[Step]
    expect: Callable[[], Expected]
    # What the steps are about where there are no inputs: a `fields.Variable`.
    variable: Any = None

    def text(self) -> str:
        if self.variable is not None:
            return " ".join([self.variable.text(), *(step.text([]) for step in self.steps)])
        texts = [each.text() for each in self.inputs]
        for step in self.steps:
            texts.append(step.text([texts[at] for at in step.on]))
        return texts[-1]


def write(cases: list[Case], folder: Path) -> Path:
    """Writes the cases as JSON, and the bytes of their arrays beside it."""
    listing, offset = [], 0
    with open(folder / "inputs.bin", "wb") as file:
        for number, case in enumerate(cases):
            inputs = []
            for each in case.inputs:
                raw = little(each.array).tobytes()
                file.write(raw)
                inputs.append(
                    {
                        "dtype": each.array.dtype.name,
                        "shape": each.array.shape,
                        "chunks": each.chunks,
                        "offset": offset,
                        "scalar": each.scalar,
                    }
                )
                offset += len(raw)
            steps = [{"do": step.do, "on": step.on, **step.options} for step in case.steps]
            variable = case.variable and case.variable.listing()
            listing.append({"id": number, "inputs": inputs, "steps": steps, "variable": variable})
    path = folder / "cases.json"
    path.write_text(json.dumps(listing, default=int))
    return path


def little(array: np.ndarray) -> np.ndarray:
    """The same numbers, little-endian and in C order."""
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))


@dataclass(frozen=True)
class Answer:
    """What thermocline makes of a case: an array, the error that it gives, or a problem that no input may cause."""

    array: np.ndarray | None = None
    error: str | None = None
    problem: str | None = None


def read(folder: Path) -> dict[int, Answer]:
    """The answers, by the number of their case."""
    raw = (folder / "answers.bin").read_bytes()
    answers = {}
    for line in (folder / "answers.jsonl").read_text().splitlines():
        entry = json.loads(line)
        number = entry.pop("id")
        if "dtype" in entry:
            dtype, shape = np.dtype(entry["dtype"]).newbyteorder("<"), tuple(entry["shape"])
            count = int(np.prod(shape, dtype=np.int64))
            array = np.frombuffer(raw, dtype, count, entry["offset"]) if count else np.empty(0, dtype)
            answers[number] = Answer(array=array.reshape(shape).astype(dtype.newbyteorder("=")))
        else:
            answers[number] = Answer(**entry)
    return answers
