"""What is computed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    """A workload of `bench`. Answers of two programs may differ by `tolerance` of their size."""

    name: str
    # What is read: "sea", or "flights"; or "numbers", which are made up.
    of: str
    tolerance: float


# Sums of float32 in another order: peers add up in float32 what thermocline adds up in float64.
_SEA = 1e-5
# Sums of float64 in another order; `bench` itself compares with plain loops as closely.
_NUMBERS = 1e-9

_NAMES = {
    "sea": ("mean", "climatology", "anomaly", "anomaly-std", "time-median"),
    "numbers": ("spilling", "transpose", "swap_axes", "tiles_to_rows", "centering", "dot"),
    "flights": (
        "flights-mean-delay",
        "flights-by-airline-month",
        "flights-join",
        "flights-sort",
        "flights-distinct",
    ),
}

WORKLOADS = {
    name: Workload(name, of, _SEA if of == "sea" else _NUMBERS) for of, names in _NAMES.items() for name in names
}

# The whole takes some minutes on two cores.
DEFAULT = ("mean", "climatology", "spilling", "transpose", "flights-mean-delay", "flights-join")
