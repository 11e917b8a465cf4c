"""What is computed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    """A workload of `bench`. Answers of two programs may differ by `tolerance` of their size."""

    name: str
    of_files: bool
    tolerance: float


# Sums of float32 in another order: peers add up in float32 what thermocline adds up in float64.
_FILES = 1e-5
# Sums of float64 in another order; `bench` itself compares with plain loops as closely.
_NUMBERS = 1e-9

WORKLOADS = {
    **{name: Workload(name, True, _FILES) for name in ("mean", "climatology", "anomaly", "anomaly-std", "time-median")},
    **{
        name: Workload(name, False, _NUMBERS)
        for name in ("spilling", "transpose", "swap_axes", "tiles_to_rows", "centering", "dot")
    },
}

# The whole takes some minutes on two cores.
DEFAULT = ("mean", "climatology", "spilling", "transpose")
