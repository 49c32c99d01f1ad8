"""Human quantities at the edges, plain floats inside: seconds, per second, bytes, shares of one.

A settings field says what it holds by its type (``Seconds``, ``PerSecond``, ...); the playbook's model reads the
text a person writes by the same unit, and the reference pages print the unit's example.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

_DURATIONS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_SIZES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_PERIODS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_NUMBER = r"(?:\d+\.?\d*|\.\d+)"


class UnitError(ValueError):
    """The text is not a quantity of the unit asked for; the message says what one looks like."""


def parse_duration(text: str) -> float:
    """Seconds, from ``250ms``, ``3s``, ``1m30s``, ``-150ms`` or ``0``."""
    match = re.fullmatch(rf"([+-]?)((?:{_NUMBER}\s*(?:us|µs|ms|s|m|h)\s*)+)", text.strip())
    if match is None:
        if re.fullmatch(r"[+-]?0+(?:\.0*)?", text.strip()):
            return 0.0
        if re.fullmatch(rf"[+-]?{_NUMBER}", text.strip()):
            raise UnitError(f"'{text}' has no unit: write '{text}ms' or '{text}s'")
        raise UnitError(f"'{text}' is not a duration, like 250ms, 3s or 1m30s")
    parts = re.findall(rf"({_NUMBER})\s*(us|µs|ms|s|m|h)", match[2])
    seconds = sum(float(number) * _DURATIONS[unit] for number, unit in parts)
    return -seconds if match[1] == "-" else seconds


def parse_rate(text: str) -> float:
    """Times a second, from ``30/s``, ``600/m`` or ``0.5/s``."""
    match = re.fullmatch(rf"({_NUMBER})\s*/\s*(s|m|h)", text.strip())
    if match is None:
        raise UnitError(f"'{text}' is not a rate, like 30/s or 600/m")
    return float(match[1]) / _PERIODS[match[2]]


def parse_size(text: str) -> float:
    """Bytes, from ``512``, ``64KB`` (1 KB = 1000 B) or ``64KiB`` (1 KiB = 1024 B)."""
    match = re.fullmatch(rf"({_NUMBER})\s*(B|KB|MB|GB|KiB|MiB|GiB)?", text.strip())
    if match is None:
        raise UnitError(f"'{text}' is not a size, like 512, 64KB or 1MiB")
    return float(match[1]) * _SIZES[match[2] or "B"]


def parse_byte_rate(text: str) -> float:
    """Bytes a second, from ``64KB/s``."""
    size, slash, period = text.strip().partition("/")
    if not slash or period.strip() != "s":
        raise UnitError(f"'{text}' is not a bandwidth, like 64KB/s or 1MB/s")
    return parse_size(size)


def parse_share(text: str) -> float:
    """A share from 0 to 1, from ``5%`` or ``0.05``."""
    match = re.fullmatch(rf"({_NUMBER})\s*(%?)", text.strip())
    if match is None:
        raise UnitError(f"'{text}' is not a share, like 5% or 0.05")
    share = float(match[1]) / (100.0 if match[2] else 1.0)
    if not 0.0 <= share <= 1.0:
        raise UnitError(f"'{text}' is not between 0% and 100%")
    return share


def parse_money(text: str) -> float:
    """Dollars, from ``$2.50`` or ``2.5``."""
    match = re.fullmatch(rf"\$?\s*({_NUMBER})", text.strip())
    if match is None:
        raise UnitError(f"'{text}' is not a sum of money, like $2.50")
    return float(match[1])


def parse_factor(text: str) -> float:
    """A factor, from ``4x``, ``0.5x`` or ``4``."""
    match = re.fullmatch(rf"({_NUMBER})\s*x?", text.strip())
    if match is None:
        raise UnitError(f"'{text}' is not a factor, like 4x")
    return float(match[1])


def parse_drift(text: str) -> float:
    """Parts per million, from ``200ppm`` or ``-50ppm``."""
    match = re.fullmatch(rf"([+-]?{_NUMBER})\s*ppm", text.strip())
    if match is None:
        raise UnitError(f"'{text}' is not a drift, like 200ppm")
    return float(match[1])


def format_duration(seconds: float) -> str:
    """Three digits at most: ``850us``, ``148ms``, ``1.24s``, ``2m05s``."""
    sign = "-" if seconds < 0 else ""
    size = abs(seconds)
    if size < 0.0009995:
        return f"{sign}{size * 1e6:.0f}us" if size else "0ms"
    if size < 0.9995:
        return f"{sign}{_three(size * 1e3)}ms"
    if size < 99.95:
        return f"{sign}{_three(size)}s"
    minutes, rest = divmod(round(size), 60)
    return f"{sign}{minutes}m{rest:02d}s"


def format_rate(per_second: float) -> str:
    return f"{_three(per_second)}/s"


def format_size(size: float) -> str:
    """Decimal multiples, three digits: ``512B``, ``64KB``, ``1.5MB``."""
    for unit in ("GB", "MB", "KB"):
        if size >= _SIZES[unit] * 0.9995:
            return f"{_three(size / _SIZES[unit])}{unit}"
    return f"{size:.0f}B"


def format_byte_rate(per_second: float) -> str:
    return f"{format_size(per_second)}/s"


def format_money(dollars: float) -> str:
    """Cents where they count: ``$0.42``, ``$12.5``, ``$1200``; what is less than ten of them, in two digits: ``$0.0041``."""
    if dollars >= 10:
        return f"${_three(dollars)}"
    return f"${dollars:.2f}" if dollars >= 0.1 or dollars == 0 else f"${dollars:.2g}"


def format_count(number: int, noun: str) -> str:
    """``1 seed``, ``2 seeds``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def format_share(share: float) -> str:
    """``100%``, ``97.5%``, ``0%``; a share just short of everything never rounds up to 100%."""
    percent = share * 100.0
    if 0.0 < percent < 0.1:
        return "<0.1%"
    if 99.9 < percent < 100.0:
        return ">99.9%"
    return f"{percent:.1f}".removesuffix(".0") + "%"


def format_factor(factor: float) -> str:
    return f"{_three(factor)}x"


def format_drift(ppm: float) -> str:
    return f"{ppm:g}ppm"


def _three(number: float) -> str:
    """Three significant digits without an exponent or idle zeros."""
    if number >= 99.95:
        return f"{number:.0f}"
    text = f"{number:.1f}" if number >= 9.995 else f"{number:.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class Unit:
    """How one kind of quantity is written and read."""

    name: str
    example: str
    parse: Callable[[str], float]
    format: Callable[[float], str]
    signed: bool = False


DURATION = Unit("duration", "250ms", parse_duration, format_duration)
OFFSET = Unit("offset", "-150ms", parse_duration, format_duration, signed=True)
RATE = Unit("rate", "30/s", parse_rate, format_rate)
SIZE = Unit("size", "64KB", parse_size, format_size)
BYTE_RATE = Unit("bandwidth", "64KB/s", parse_byte_rate, format_byte_rate)
SHARE = Unit("share", "5%", parse_share, format_share)
MONEY = Unit("sum of money", "$2.50", parse_money, format_money)
FACTOR = Unit("factor", "4x", parse_factor, format_factor)
DRIFT = Unit("drift", "200ppm", parse_drift, format_drift, signed=True)

Seconds = Annotated[float, DURATION]
Offset = Annotated[float, OFFSET]
PerSecond = Annotated[float, RATE]
Bytes = Annotated[float, SIZE]
BytesPerSecond = Annotated[float, BYTE_RATE]
Share = Annotated[float, SHARE]
Factor = Annotated[float, FACTOR]
Drift = Annotated[float, DRIFT]
