import unittest
from pathlib import Path
from unittest import mock

from timing.programs import PEERS, Settings, _told
from timing.tables.columns import ALL, KEYS, RESULTS
from timing.tables.figures import Part, figures
from timing.workloads import WORKLOADS


class Figures(unittest.TestCase):
    def test_parts_are_put_together_in_order(self) -> None:
        # 1 2 | 3 4 | 5 6, of which 4 is missing.
        whole = figures([Part(3, 5, 17.0, 2.0 + 6.0 + 20.0 + 30.0)], 2)
        parts = figures([Part(1, 2, 3.0, 2.0), Part(0, 0, 0.0, 0.0), Part(2, 3, 14.0, 10.0 + 18.0)], 2)
        self.assertEqual(parts, whole)
        self.assertEqual((whole["result_shape"], whole["result_valid"], whole["result_mean"]), ([3, 2], 5, 3.4))

    def test_nothing_has_no_mean(self) -> None:
        self.assertEqual(figures([], 4), dict(zip(figures([], 4), ([0, 4], 0, None, None), strict=True)))


class Workloads(unittest.TestCase):
    def test_all_on_flights_have_keys_and_columns(self) -> None:
        names = {name for name, workload in WORKLOADS.items() if workload.of == "flights"}
        self.assertEqual((set(KEYS), set(RESULTS)), (names, names))
        for name, keys in KEYS.items():
            self.assertLessEqual(set(keys), set(RESULTS[name]))
        self.assertEqual(len(set(ALL)), 29)

    def test_polars_is_told_of_the_limit(self) -> None:
        settings = mock.Mock(spec=Settings, memory_limit=1 << 30, threads=2, work=Path("/work"))
        told = {program.name: _told(program, settings) for program in PEERS}
        self.assertEqual(told["polars"]["POLARS_OOC_MEMORY_BUDGET_MB"], "1024")
        self.assertEqual((told["polars"]["POLARS_MAX_THREADS"], told["duckdb"]), ("2", {}))
