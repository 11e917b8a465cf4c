"""The workloads on flights, by programs for tables.

`python -m timing.tables` is the process of a peer. Every result is sorted by its keys and told by the same figures as
`bench` tells: how many values are there, their mean, and their moment. They are found while the result comes out, so that
who can sort more than memory holds need not hold the result.

- `columns`      the columns of flights and of results
- `figures`      by which answers are compared
- `with_dask`    by dask.dataframe, with threads or a cluster
- `with_polars`  by polars' streaming engine
- `with_duckdb`  by DuckDB
"""
