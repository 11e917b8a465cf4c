"""Graphs of tasks that are written down as JSON: Dask's values for them, with Python's functions."""

import ast
import functools
import itertools
import json
import math
import operator
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from dask.core import flatten, isdag
from dask.optimization import cull
from dask.threaded import get

from .differences import Difference
from .report import Named, Verdict

# Integers of thermocline are of 64 bits: what leaves them is an error there.
LEAST, GREATEST = -(2**63), 2**63 - 1

PATIENCE = 600

UNWANTED_CYCLES = Difference(
    "a cycle among keys that are not wanted is no matter",
    "Dask puts the whole graph in order, and refuses it; thermocline runs what is wanted and what that needs "
    "(`Session::get`)",
)
DIFFERENCES = [UNWANTED_CYCLES]


def checked(function: Callable) -> Callable:
    """The same function, for which integers of more than 64 bits and complex numbers are errors."""

    @functools.wraps(function)
    def within(*arguments):
        value = function(*arguments)
        if isinstance(value, complex) or (isinstance(value, int) and not LEAST <= value <= GREATEST):
            raise OverflowError(value)
        return value

    return within


def modulo(x, y):
    # Texts are formatted by it, which is another function.
    if isinstance(x, str):
        raise TypeError("no number")
    return x % y


def power(x, y):
    if isinstance(x, int) and isinstance(y, int) and abs(x) > 1 and y > 64:
        raise OverflowError("far too large")
    return x**y


def total(values):
    """`sum` of Python 3.14: floats are summed with the errors of rounding, which are added last."""
    if sys.version_info >= (3, 14):
        return sum(values)
    result, values = 0, iter(values)
    for value in values:
        result = checked(operator.add)(result, value)
        if isinstance(result, float):
            break
    else:
        return result
    errors = 0.0
    for value in values:
        value = float(0 + value)
        following = result + value
        larger, smaller = (result, value) if abs(result) >= abs(value) else (value, result)
        errors += (larger - following) + smaller
        result = following
    return result + errors if errors and math.isfinite(errors) else result


def concat(*parts):
    if len(parts) == 1:
        (parts,) = parts
        if not isinstance(parts, list):
            raise TypeError("no list")
    if not all(isinstance(part, (list, str)) for part in parts):
        raise TypeError("neither lists nor strings")
    return functools.reduce(operator.add, parts) if parts else []


def spread(*bounds):
    if any(isinstance(bound, float) for bound in bounds):
        raise TypeError("no integer")
    span = range(*bounds)
    # Python would try for larger ones than there is memory for.
    if len(span) > 10**7:
        raise MemoryError
    return list(span)


def repeat_or_multiply(x, y):
    for text, count in ((x, y), (y, x)):
        if isinstance(text, (str, list)) and isinstance(count, int) and count * len(text) > 10**7:
            raise MemoryError
    return x * y


FUNCTIONS = {
    "identity": lambda x: x,
    "inc": lambda x: x + 1,
    "dec": lambda x: x - 1,
    "neg": operator.neg,
    "abs": abs,
    "add": operator.add,
    "sub": operator.sub,
    "mul": repeat_or_multiply,
    "div": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": modulo,
    "pow": power,
    "min": min,
    "max": max,
    "sum": total,
    "len": len,
    "range": spread,
    "list": list,
    "concat": concat,
    "sorted": sorted,
    "str": str,
}
FUNCTIONS = {name: checked(function) for name, function in FUNCTIONS.items()}

FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def key_of(text: str):
    """A key as Dask has it: a tuple where the text is one."""
    try:
        found = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text
    tupled = isinstance(found, tuple) and len(found) > 1 and isinstance(found[0], str)
    return found if tupled and all(type(index) is int and index >= 0 for index in found[1:]) else text


def read(value, keys: set):
    """What stands for a key, as Dask has it: the rules of `thermocline::graph::spec`, put into Python once more."""
    if isinstance(value, str):
        return key_of(value) if key_of(value) in keys else value
    if isinstance(value, dict):
        if len(value) == 1:
            ((form, content),) = value.items()
            if form == "$lit":
                return (lambda: content,)
            if form == "$call":
                return (FUNCTIONS[content[0]], *(read(each, keys) for each in content[1:]))
            if form == "$key":
                return key_of(content)
            if form == "$float":
                return FLOATS[content]
        return value
    if isinstance(value, list):
        if value and isinstance(value[0], str):
            if all(type(index) is int for index in value[1:]) and tuple(value) in keys and len(value) > 1:
                return tuple(value)
            if value[0] in FUNCTIONS and value[0] not in keys:
                return (FUNCTIONS[value[0]], *(read(each, keys) for each in value[1:]))
        return [read(each, keys) for each in value]
    return value


def expect(graph: dict, wanted) -> tuple[str, Difference | None]:
    """What is right, the value as JSON or `error`: what Dask has, or what it is on purpose."""
    keys = {key_of(key) for key in graph}
    written = {key_of(key): read(value, keys) for key, value in graph.items()}

    def nested(key):
        return [nested(each) for each in key] if isinstance(key, list) else key_of(key)

    needed, difference = nested(wanted), None
    each = list(flatten([needed]))
    if all(key in keys for key in each) and isdag(written, each) and not isdag(written, list(written)):
        written, difference = cull(written, each)[0], UNWANTED_CYCLES
    try:
        return json.dumps(get(written, needed)), difference
    except Exception:  # noqa: BLE001 - whatever it raises, it has no value
        return "error", difference


# What functions are tried on.
VALUES = [
    None, True, False, 0, 1, -1, 3, -7, 10, 2**53 + 1, 2**62, GREATEST, LEAST, 0.0, -0.0, 0.5, -2.5, 3.0, 1e16, 1e300, -1e308,
    {"$float": "NaN"}, {"$float": "Infinity"}, {"$float": "-Infinity"}, "", "a", "bé", "it's", [], [1, 2], [2.5, 1, True],
    ["x", "b"], [[1], [2, "a"]], [1, "a"], [None], [0.1, 0.2, 0.3, 1e16, -1e16], {}, {"k": 1, "b": [1, "a"]},
]  # fmt: skip

UNARY = ("identity", "inc", "dec", "neg", "abs", "min", "max", "sum", "len", "range", "list", "concat", "sorted", "str")
BINARY = ("add", "sub", "mul", "div", "floordiv", "mod", "pow", "min", "max", "range", "concat")


def of_functions() -> Iterator[tuple[str, dict, object]]:
    """Every function of every value, of every pair of them, and of too few and too many."""
    for name, value in itertools.product(UNARY, VALUES):
        yield f"{name} of {json.dumps(value)}", {"x": {"$call": [name, value]}}, "x"
    for name, first, second in itertools.product(BINARY, VALUES, VALUES):
        yield f"{name} of {json.dumps([first, second])}", {"x": {"$call": [name, first, second]}}, "x"
    for name in FUNCTIONS:
        yield f"{name} of nothing", {"x": {"$call": [name]}}, "x"
        yield f"{name} of four", {"x": {"$call": [name, 4, 3, 2, 1]}}, "x"
    for start, stop, step in itertools.product((0, 5, -3), (4, -6, 0), (1, 2, -1, -3, 0)):
        yield f"range of {start}, {stop}, {step}", {"x": ["range", start, stop, step]}, "x"


BY_HAND = [
    ({"a": 1, "b": 2, "x": ["inc", "a"], "y": ["inc", "b"], "z": ["mul", "x", "y"]}, ["z", ["x", ["a"]], []]),
    ({"a": 1, "b": "a", "c": "b", "d": ["c", "b"]}, "d"),
    ({"a": 1, "b": ["add", ["inc", "a"], ["neg", ["inc", "a"]]]}, "b"),
    ({"a": 1, "b": [["inc", "a"], ["a", ["dec", "a"]]]}, "b"),
    ({"a": 1, "b": {"k": "a", "l": ["inc", "a"]}, "c": ["len", "b"], "d": ["identity", {"k": "a"}]}, ["b", "c", "d"]),
    ({"a": 1, "b": ["list", ["a", {"k": "a"}]]}, "b"),
    ({"('x', 0)": 1, "('x', 1)": ["inc", ["x", 0]], "y": [["x", 0], ["x", 1], ["x", 2]]}, ["y", "('x', 1)"]),
    ({"('x', 0)": 1, "x": 5, "y": ["add", ["x", 0], "x"], "z": ["x", 1]}, ["y", "z"]),
    ({"('inc', 0)": 7, "y": ["inc", 0], "z": ["inc", 1]}, ["y", "z"]),
    ({"inc": 7, "y": ["inc", 0], "z": {"$call": ["inc", "inc"]}}, ["y", "z"]),
    ({"a": 1, "x": {"$lit": "a"}, "y": ["identity", {"$lit": ["inc", "a"]}]}, ["x", "y"]),
    ({"x": ["nothing", 1], "y": "inc", "z": [1, "inc"]}, ["x", "y", "z"]),
    ({"x": ["inc", "y"], "y": ["inc", "x"]}, "x"),
    ({"x": ["inc", "y"], "y": ["inc", "x"], "z": 1}, "z"),
    ({"x": ["inc", "y"], "y": ["inc", "x"], "z": ["inc", "a"], "a": 1}, ["z", ["a"], []]),
    ({"x": ["inc", "y"], "y": ["inc", "x"], "z": ["inc", "text"]}, "z"),
    ({"x": ["inc", "x"], "z": 1}, ["z", "nothing"]),
    ({"x": 1}, "y"),
    ({"x": ["inc", {"$key": "y"}]}, "x"),
    ({"x": ["sum", ["range", 10]], "y": ["max", ["range", "x"]], "z": ["str", ["x", "y", "w"]], "w": ["div", "x", 7]}, "z"),
    ({"a": ["inc", "text"], "b": 1}, "b"),
    ({}, []),
]


class Maker:
    """Makes graphs of which each key has a kind: most of them have values."""

    KINDS = ("number", "text", "list")

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.keys: dict[str, list[str]] = {kind: [] for kind in self.KINDS}

    def expr(self, kind: str, depth: int):
        if self.keys[kind] and self.random.random() < (0.5 if depth else 0.8):
            key = self.random.choice(self.keys[kind])
            found = key_of(key)
            return list(found) if isinstance(found, tuple) and self.random.random() < 0.7 else key
        # Now and then of another kind, whose errors must be errors in both.
        kind = self.random.choice(self.KINDS) if self.random.random() < 0.03 else kind
        return getattr(self, kind)(depth) if depth else self.literal(kind)

    def literal(self, kind: str):
        choice = self.random.choice
        if kind == "number":
            return choice([self.random.randint(-9, 9), round(self.random.uniform(-5, 5), 2), self.random.randint(-9, 9), True])
        if kind == "text":
            return choice(["text", "", "é", "it's", "two words", {"$lit": "inc"}])
        return [self.random.randint(-9, 9) for _ in range(self.random.randint(1, 4))]

    def number(self, depth: int):
        name = self.random.choice(["inc", "dec", "neg", "abs", "add", "sub", "mul", "div", "floordiv", "mod", "max", "min"])
        if self.random.random() < 0.25:
            return [self.random.choice(["sum", "len", "min", "max"]), self.expr("list", depth - 1)]
        count = 1 if name in ("inc", "dec", "neg", "abs") else 2
        return [name, *(self.expr("number", depth - 1) for _ in range(count))]

    def text(self, depth: int):
        name = self.random.choice(["add", "mul", "str", "concat", "identity"])
        if name == "str":
            return ["str", self.expr(self.random.choice(self.KINDS), depth - 1)]
        if name == "mul":
            return ["mul", self.expr("text", depth - 1), self.random.randint(-1, 3)]
        return [name, *(self.expr("text", depth - 1) for _ in range(1 if name == "identity" else 2))]

    def list(self, depth: int):
        name = self.random.choice(["concat", "sorted", "plain", "range", "add", "list"])
        if name == "plain":
            return [self.expr("number", depth - 1) for _ in range(self.random.randint(1, 3))]
        if name == "range":
            return ["range", self.random.randint(-3, 9), self.random.randint(0, 12)]
        return [name, *(self.expr("list", depth - 1) for _ in range(1 if name in ("sorted", "list") else 2))]

    def graph(self) -> tuple[dict, object]:
        indexed, graph = self.random.random() < 0.5, {}
        for at in range(self.random.randint(1, 25)):
            key = f"('k', {at // 4}, {at % 4})" if indexed else f"k{at}"
            kind = self.random.choice(("number", "number", "text", "list"))
            graph[key] = self.expr(kind, self.random.randint(0, 3))
            self.keys[kind].append(key)
        entries = list(graph.items())
        self.random.shuffle(entries)
        keys = [key for key, _ in entries]

        def wanted(depth: int):
            if depth == 0 or self.random.random() < 0.3:
                return self.random.choice(keys)
            return [wanted(depth - 1) for _ in range(self.random.randint(0, 3))]

        return dict(entries), wanted(3)


def cases(seed: int) -> Iterator[tuple[str, dict, object]]:
    yield from of_functions()
    for graph, wanted in BY_HAND:
        yield f"{json.dumps(graph)} for {json.dumps(wanted)}", graph, wanted
    for number in range(600):
        graph, wanted = Maker(seed * 1_000_000 + number).graph()
        yield f"number {number} for {json.dumps(wanted)}", graph, wanted


def verdicts(program: Path, folder: Path, seed: int, only: str) -> list[Verdict]:
    """Has the graphs run by thermocline and by Dask, and compares every value, down to its type and the sign of zero."""
    chosen = [(f"graphs: {name}", *rest) for name, *rest in cases(seed) if only in f"graphs: {name}"]
    if not chosen:
        return []
    listing = folder / "graphs.json"
    lines = [json.dumps({"graph": json.dumps(graph), "wanted": wanted}) for _, graph, wanted in chosen]
    listing.write_text("".join(f"{line}\n" for line in lines))
    ended = subprocess.run([program, "--graphs", listing, folder], stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    answers = (folder / "graphs.jsonl").read_text().splitlines() if (folder / "graphs.jsonl").exists() else []
    found = []
    for (name, graph, wanted), line in itertools.zip_longest(chosen, answers, fillvalue='{"problem": "none"}'):
        answer = json.loads(line)
        expected, difference = expect(graph, wanted)
        own = json.dumps(answer["value"]) if "value" in answer else next(iter(answer))
        right = own == expected
        shown = own if right or "value" in answer else f"{own}: {next(iter(answer.values()))}"
        found.append(Verdict(Named("graphs", name), right, expected, shown, difference and difference.name))
    if ended.returncode != 0:
        found.append(Verdict(Named("graphs", "graphs: all"), False, "exit code 0", ended.stderr.strip()))
    return found
