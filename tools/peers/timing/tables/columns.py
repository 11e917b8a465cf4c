"""The columns of flights, which are given to all alike (a column that has nothing for years can't be guessed), and those of
results."""

_STRINGS = ("UniqueCarrier", "TailNum", "Origin", "Dest", "CancellationCode", "manufacturer", "state")

# Those that no row misses.
_COMPLETE = (
    "Year",
    "Month",
    "DayofMonth",
    "DayOfWeek",
    "CRSDepTime",
    "CRSArrTime",
    "FlightNum",
    "CRSElapsedTime",
    "Distance",
    "Cancelled",
    "Diverted",
)

ALL = tuple(
    "Year,Month,DayofMonth,DayOfWeek,DepTime,CRSDepTime,ArrTime,CRSArrTime,UniqueCarrier,FlightNum,TailNum,"
    "ActualElapsedTime,CRSElapsedTime,AirTime,ArrDelay,DepDelay,Origin,Dest,Distance,TaxiIn,TaxiOut,Cancelled,"
    "CancellationCode,Diverted,CarrierDelay,WeatherDelay,NASDelay,SecurityDelay,LateAircraftDelay".split(",")
)

# By what results are sorted.
KEYS = {
    "flights-mean-delay": ["Origin"],
    "flights-by-airline-month": ["UniqueCarrier", "Year", "Month"],
    "flights-join": ["manufacturer", "state"],
    "flights-sort": ["Origin", "UniqueCarrier", "Year", "Month", "DayofMonth", "FlightNum"],
    "flights-distinct": ["TailNum", "FlightNum"],
}

# The columns of results.
RESULTS = {
    "flights-mean-delay": (*KEYS["flights-mean-delay"], "mean_dep_delay", "valid", "count"),
    "flights-by-airline-month": (*KEYS["flights-by-airline-month"], "mean_arr_delay", "mean_dep_delay", "count"),
    "flights-join": (*KEYS["flights-join"], "mean_arr_delay", "mean_dep_delay", "mean_distance", "count"),
    "flights-sort": ALL,
    "flights-distinct": (*KEYS["flights-distinct"], "count"),
}


def is_string(name: str) -> bool:
    return name in _STRINGS


def is_complete(name: str) -> bool:
    return name in _COMPLETE
