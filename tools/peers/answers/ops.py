"""An operation as a line of a table."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .rules import Rule, exact


@dataclass(frozen=True)
class Op:
    """`name` is the operation's on the other side; `types` a class of `values.CLASSES`."""

    name: str
    numpy: Callable[..., np.ndarray]
    rule: Rule = exact
    types: str = "all"
    # Whether integers become floats.
    inexact: bool = False
