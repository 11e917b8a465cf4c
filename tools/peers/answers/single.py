"""A case of one operation."""

from .case import Case, Input, Step
from .differences import expect
from .ops import Op


def single(group: str, op: Op, inputs: list[Input], **options) -> Case:
    """An operation on inputs; the options have the same names on both sides."""
    arrays = [each.array for each in inputs]
    step = Step(op.name, tuple(range(len(inputs))), options)
    return Case(group, inputs, [step], lambda: expect(op, arrays, options))
