"""The figures by which answers are compared: those of `bench run --json`."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """Rows that follow each other: how many, how many values are there, their sum, and the sum of values times their
    places among these rows, in the order of rows. A string counts as its length in bytes."""

    rows: int
    valid: int
    total: float
    moment: float


def figures(parts: Sequence[Part], width: int) -> dict[str, object]:
    """The figures of all parts, one behind the other, by `bench`'s names."""
    rows = 0
    moment = 0.0
    for part in parts:
        moment += part.moment + part.total * rows * width
        rows += part.rows
    valid = sum(part.valid for part in parts)
    return {
        "result_shape": [rows, width],
        "result_valid": valid,
        "result_mean": sum(part.total for part in parts) / valid if valid else None,
        "result_moment": moment / valid / (rows * width) if valid else None,
    }
