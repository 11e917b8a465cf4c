"""Runs thermocline's benchmark and other programs in turn, on the same data, with the same memory limit.

Each run is a process of its own, watched from outside in one and the same way: how much memory it and the processes
that it starts had resident at most, and whether it ended. That it was killed, or took too long, is a result. What came
out is compared by its shape, how many values there are, their mean, and their moment (the mean of values times their
places, so that values in wrong places are found).

Seconds go from opening the files to the result, as `bench` counts them: starting Python, imports and starting a cluster
are left out. A result of many maps is left where the program keeps it, one map or number is brought home.

On this side, with the standard library alone:

- `workloads`  what is computed, and how close answers must be
- `programs`   who computes it, and by which command
- `process`    runs a command: memory, time limit, end
- `outcome`    what came of a run, and what of several rounds
- `rounds`     everything in turn
- `table`      what a person reads, and what a program reads
- `sizes`      bytes, read and written

In the process of a peer, which is `python -m timing.peer`, or `python -m timing.tables` for what is computed of flights:

- `peer`       one workload by one peer, with a scheduler of Dask's
- `cluster`    Dask's threads, or a cluster
- `sea`        what is computed of netCDF files, by xarray
- `talk`       the mean as a talk of 2015 had it, by Dask and netCDF4
- `made`       what is computed of made-up numbers, by dask.array; `splitmix` makes them, the same as `bench`
- `tables`     what is computed of flights, by dask.dataframe, polars and DuckDB
- `summary`    the figures by which answers are compared
"""
