"""By DuckDB."""

from pathlib import Path

import duckdb

from .columns import ALL, KEYS, RESULTS, is_string
from .figures import Part

_QUERIES = {
    "flights-mean-delay": """
        SELECT Origin, avg(DepDelay) AS mean_dep_delay, count(DepDelay) AS valid, count(*) AS count
        FROM flights GROUP BY ALL""",
    "flights-by-airline-month": """
        SELECT UniqueCarrier, Year, Month,
            avg(ArrDelay) AS mean_arr_delay, avg(DepDelay) AS mean_dep_delay, count(*) AS count
        FROM flights GROUP BY ALL""",
    "flights-join": """
        SELECT manufacturer, state, avg(ArrDelay) AS mean_arr_delay, avg(DepDelay) AS mean_dep_delay,
            avg(Distance) AS mean_distance, count(*) AS count
        FROM flights JOIN planes ON flights.TailNum = planes.tailnum JOIN airports ON Dest = iata GROUP BY ALL""",
    "flights-sort": "SELECT * FROM flights",
    "flights-distinct": "SELECT TailNum, FlightNum, count(*) AS count FROM flights GROUP BY ALL",
}


def compute(workload: str, data: Path, memory_limit: int, threads: int, work: Path) -> tuple[list[Part], int]:
    """The figures of a workload's result, and how many columns it has."""
    settings = {"threads": threads, "memory_limit": f"{memory_limit >> 20}MiB", "temp_directory": str(work)}
    with duckdb.connect(config=settings) as connection:
        types = ", ".join(f"'{name}': '{'VARCHAR' if is_string(name) else 'BIGINT'}'" for name in ALL)
        nulls = "header = true, nullstr = ['NA', '']"
        _view(connection, "flights", f"'{data}/flights_*.csv', {nulls}, columns = {{{types}}}, auto_detect = false")
        for table in ("planes", "airports"):
            _view(connection, table, f"'{data}/{table}.csv', {nulls}")
        keys = ", ".join(f"{key} NULLS FIRST" for key in KEYS[workload])
        result = f"{_QUERIES[workload]} ORDER BY {keys}"
        width = len(RESULTS[workload])
        values = [f'strlen("{name}")' if is_string(name) else f'"{name}"' for name in RESULTS[workload]]
        valid = " + ".join(f"count({value})" for value in values)
        total = " + ".join(f"coalesce(sum({value}::DOUBLE), 0)" for value in values)
        moment = " + ".join(
            f"coalesce(sum({value}::DOUBLE * (place * {width} + {at})), 0)" for at, value in enumerate(values)
        )
        numbered = f"SELECT *, row_number() OVER () - 1 AS place FROM ({result})"
        found = connection.execute(f"SELECT count(*), {valid}, {total}, {moment} FROM ({numbered})").fetchall()
    return [Part(*row) for row in found], width


def _view(connection: duckdb.DuckDBPyConnection, name: str, arguments: str) -> None:
    connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_csv({arguments})")
