import unittest

from timing import sizes


class Sizes(unittest.TestCase):
    def test_units_are_of_two_kinds(self) -> None:
        texts = {"512": 512, "1GiB": 1 << 30, "7.2GB": 7_200_000_000, "16 mib": 16 << 20, "3kB": 3000}
        self.assertEqual({text: sizes.parse(text) for text in texts}, texts)

    def test_what_is_no_size_is_refused_by_name(self) -> None:
        for text in ("", "much", "-1GiB", "1GiBs", "1.GiB", "60%"):
            with self.assertRaisesRegex(ValueError, "is no size"):
                sizes.parse(text)

    def test_sizes_are_shown_in_the_largest_unit_that_fits(self) -> None:
        shown = [sizes.show(size) for size in (0, 1023, 1 << 10, 175 << 20, 3 << 29)]
        self.assertEqual(shown, ["0 B", "1023 B", "1 KiB", "175 MiB", "1.50 GiB"])
