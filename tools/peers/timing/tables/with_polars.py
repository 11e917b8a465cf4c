"""By polars' streaming engine. What it was told of memory and threads is in its environment: `programs` has it."""

from pathlib import Path

import polars as pl
from polars import col

from .columns import ALL, KEYS, is_string
from .figures import Part


def _lazy(workload: str, data: Path) -> pl.LazyFrame:
    types = {name: pl.String if is_string(name) else pl.Int64 for name in ALL}
    flights = pl.scan_csv(data / "flights_*.csv", null_values=["NA"], schema=types)
    delays = [col("ArrDelay").mean().alias("mean_arr_delay"), col("DepDelay").mean().alias("mean_dep_delay")]
    count = pl.len().alias("count")
    match workload:
        case "flights-mean-delay":
            return flights.group_by("Origin").agg(delays[1], col("DepDelay").count().alias("valid"), count)
        case "flights-by-airline-month":
            return flights.group_by("UniqueCarrier", "Year", "Month").agg(*delays, count)
        case "flights-join":
            planes, airports = (pl.scan_csv(data / f"{name}.csv", null_values=["NA"]) for name in ("planes", "airports"))
            planes, airports = planes.select("tailnum", "manufacturer"), airports.select("iata", "state")
            joined = flights.join(planes, left_on="TailNum", right_on="tailnum")
            joined = joined.join(airports, left_on="Dest", right_on="iata")
            distance = col("Distance").mean().alias("mean_distance")
            return joined.group_by("manufacturer", "state").agg(*delays, distance, count)
        case "flights-sort":
            return flights
    return flights.group_by("TailNum", "FlightNum").agg(count)


def compute(workload: str, data: Path) -> tuple[list[Part], int]:
    """The figures of a workload's result, and how many columns it has."""
    result = _lazy(workload, data).sort(KEYS[workload])
    schema = result.collect_schema()
    place, width = col("place").cast(pl.Float64), len(schema)
    values = [
        (col(name).str.len_bytes() if kind == pl.String else col(name)).cast(pl.Float64) for name, kind in schema.items()
    ]
    found = (
        result.with_row_index("place")
        .select(
            rows=pl.len(),
            valid=pl.sum_horizontal(value.count() for value in values),
            total=pl.sum_horizontal(value.sum() for value in values),
            moment=pl.sum_horizontal((value * (place * width + at)).sum() for at, value in enumerate(values)),
        )
        .collect(engine="streaming")
    )
    return [Part(*found.row(0))], width
