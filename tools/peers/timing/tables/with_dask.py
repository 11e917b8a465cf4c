"""By dask.dataframe."""

from pathlib import Path

import dask.dataframe as dd
import pandas as pd

from .columns import ALL, KEYS, is_complete, is_string
from .figures import Part

# What has as many groups as rows has many partitions; of the others, the result is one.
_LARGE = ("flights-sort", "flights-distinct")


def _type(name: str) -> str:
    if is_string(name):
        return "string"
    return "int64" if is_complete(name) else "float64"


def _lazy(workload: str, data: Path) -> dd.DataFrame:
    flights = dd.read_csv(str(data / "flights_*.csv"), dtype={name: _type(name) for name in ALL})
    keys = KEYS[workload]
    match workload:
        case "flights-mean-delay":
            return flights.groupby(keys).agg({"DepDelay": ["mean", "count", "size"]})
        case "flights-by-airline-month":
            return flights.groupby(keys).agg({"ArrDelay": "mean", "DepDelay": ["mean", "size"]})
        case "flights-join":
            planes = pd.read_csv(data / "planes.csv")[["tailnum", "manufacturer"]]
            airports = pd.read_csv(data / "airports.csv")[["iata", "state"]]
            # To pandas a missing value is a key like another.
            known = flights.dropna(subset=["TailNum"])
            joined = known.merge(planes, left_on="TailNum", right_on="tailnum").merge(
                airports, left_on="Dest", right_on="iata"
            )
            asked = {"ArrDelay": "mean", "DepDelay": "mean", "Distance": ["mean", "size"]}
            return joined.groupby(keys, dropna=False).agg(asked)
        case "flights-sort":
            return flights.sort_values(keys, na_position="first")
    counted = flights.groupby(keys, dropna=False).size(split_out=flights.npartitions)
    counted = counted.to_frame("count").reset_index()
    # Strings can't be sorted where some are missing.
    missing = counted.map_partitions(lambda part: part[part["TailNum"].isna()])
    known = counted.dropna()
    return dd.concat([missing.sort_values("FlightNum"), known.sort_values(keys)], interleave_partitions=False)


def compute(workload: str, data: Path) -> tuple[list[Part], int]:
    """The figures of a workload's result, and how many columns it has."""
    result = _lazy(workload, data)
    if workload in _LARGE:
        meta = {"rows": "int64", "valid": "int64", "total": "float64", "moment": "float64"}
        parts = result.map_partitions(_part, meta=meta).compute()
        return [Part(*row) for row in parts.itertuples(index=False)], len(result.columns)
    keys = KEYS[workload]
    frame = result.compute().reset_index()
    # Names of columns are pairs: of what, and which aggregation.
    frame.columns = [" ".join(name).strip() for name in frame.columns]
    frame = frame.sort_values(keys, na_position="first")
    return [Part(*row) for row in _part(frame).itertuples(index=False)], len(frame.columns)


def _part(frame: pd.DataFrame) -> pd.DataFrame:
    """The figures of a partition."""
    rows, width = frame.shape
    place = pd.Series(range(rows), dtype="float64").to_numpy() * width
    valid, total, moment = 0, 0.0, 0.0
    for at, name in enumerate(frame.columns):
        column = frame[name]
        column = column if pd.api.types.is_numeric_dtype(column) else column.str.len()
        values = column.to_numpy(dtype="float64", na_value=float("nan"))
        there = values == values
        valid += int(there.sum())
        total += float(values[there].sum())
        moment += float((values[there] * (place[there] + at)).sum())
    return pd.DataFrame({"rows": [rows], "valid": [valid], "total": [total], "moment": [moment]})
