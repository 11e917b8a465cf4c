"""Chains of operations, which are planned and fused together: all of them exact, so the whole is."""

import numpy as np

from . import reductions, structure, values
from .case import Case, Expected, Input, Step
from .elementwise import OF_ONE, OF_TWO, operand
from .ops import Op

BY_NAME = {op.name: op for op in OF_ONE + OF_TWO + reductions.OF_ALL + reductions.OF_REALS}


class Chain:
    """Steps that each take the result of an earlier one."""

    def __init__(self, first: Input):
        self.inputs = [first]
        self.links: list[tuple[Op, list, dict]] = []
        # What NumPy has so far: of the input, and of each step.
        self.values = [first.array]

    @property
    def value(self) -> np.ndarray:
        return self.values[-1]

    def add(self, op: Op, *more: Input, on: int = -1, **options) -> None:
        """Applies `op` to result number `on` (0 is the first input, -1 the last result) and to further inputs."""
        first = len(self.values) - 1 if on < 0 else on
        inputs = range(len(self.inputs), len(self.inputs) + len(more))
        self.inputs += more
        self.links.append((op, [first, *(("input", at) for at in inputs)], options))
        numpy_options = dict(options)
        if isinstance(numpy_options.get("axis"), list):
            numpy_options["axis"] = tuple(numpy_options["axis"])
        self.values.append(
            np.asarray(op.numpy(self.values[first], *(each.array for each in more), **numpy_options))
        )

    def add_pair(self, op: Op, first: int, second: int) -> None:
        """Applies `op` to two results."""
        self.links.append((op, [first, second], {}))
        self.values.append(np.asarray(op.numpy(self.values[first], self.values[second])))

    def case(self) -> Case:
        def number(operand):
            if isinstance(operand, tuple):
                return operand[1]
            return 0 if operand == 0 else len(self.inputs) + operand - 1

        steps = [Step(op.name, tuple(map(number, operands)), options) for op, operands, options in self.links]
        return Case("chains", self.inputs, steps, lambda: Expected(self.value, slack=np.zeros(self.value.shape)))


def cases(rng: np.random.Generator) -> list[Case]:
    return [_chain(rng) for _ in range(600)]


def _chain(rng) -> Case:
    dtype = values.pick(rng, values.CLASSES["numbers"])
    chain = Chain(operand(rng, dtype, values.shape(rng, least=1), values.pick(rng, values.patterns(dtype)[:2])))
    for _ in range(int(rng.integers(2, 6))):
        values.pick(rng, LINKS)(rng, chain)
    return chain.case()


def _with_scalar(rng, chain):
    scalar = Input(values.array(rng, chain.value.dtype.name, ()), scalar=True)
    chain.add(BY_NAME[values.pick(rng, ("add", "subtract", "multiply", "maximum"))], scalar)


def _with_partner(rng, chain):
    other = operand(rng, chain.value.dtype.name, values.partner(rng, chain.value.shape))
    chain.add(BY_NAME[values.pick(rng, ("add", "subtract", "multiply", "minimum"))], other)


def _of_one(rng, chain):
    chain.add(BY_NAME[values.pick(rng, ("negative", "abs", "square"))])


def _slice(rng, chain):
    chain.add(structure.SLICE, slices=structure.slices(rng, chain.value.shape))


def _rechunk(rng, chain):
    chain.add(structure.RECHUNK, chunks=values.chunks(rng, chain.value.shape))


def _concatenate(rng, chain):
    if chain.value.ndim:
        axis = int(rng.integers(chain.value.ndim))
        shape = list(chain.value.shape)
        shape[axis] = int(rng.integers(0, 4))
        chain.add(structure.CONCATENATE, operand(rng, chain.value.dtype.name, tuple(shape)), axis=axis)


def _rearrange(rng, chain):
    """Axes in another order, elements in another order or another shape."""
    op, options = values.pick(rng, structure.OF_ONE)
    if chain.value.ndim and chain.value.size < 5000:
        chain.add(op, **options(rng, chain.value.shape))


def _extreme(rng, chain):
    if chain.value.size and chain.value.ndim:
        axis = [int(rng.integers(chain.value.ndim))]
        chain.add(BY_NAME[values.pick(rng, ("max", "min", "nanmax"))], axis=axis)


def _anomaly(rng, chain):
    """x - x.max(axis, keepdims=True): an array and a reduction of it meet again."""
    if chain.value.size and chain.value.ndim:
        before = len(chain.values) - 1
        chain.add(BY_NAME["max"], axis=[int(rng.integers(chain.value.ndim))], keepdims=True)
        chain.add_pair(BY_NAME["subtract"], before, before + 1)


LINKS = (
    *(_with_scalar, _with_partner, _of_one, _slice, _rechunk, _concatenate, _extreme, _anomaly),
    *(_rearrange, _rearrange),
)
