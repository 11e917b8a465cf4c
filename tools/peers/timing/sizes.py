"""Bytes, read and written."""

import re

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}


def parse(text: str) -> int:
    """The bytes that `1GiB`, `7.2GB` or `512` are."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", text.strip())
    if not found or found[2].upper() not in _UNITS:
        raise ValueError(f"{text!r} is no size: expected a number of bytes such as 1GiB or 7.2GB")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def show(size: int) -> str:
    """As a person reads it."""
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= factor:
            return f"{size / factor:.{2 if unit == 'GiB' else 0}f} {unit}"
    return f"{size} B"
