"""Payment card numbers in bytes that pass: found, and masked before anything is written down.

ISO/IEC 7812: 13 to 19 digits, the last of which is Luhn's check of the others. PCI DSS 4.0, requirement 3.4.1, lets at most the
first six (the issuer's) and the last four be shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

FEWEST, MOST = 13, 19
_NUMBER = re.compile(rb"(?<!\d)\d{%d,%d}(?!\d)" % (FEWEST, MOST))
# Shorter runs of digits tell nothing; longer ones may be a part of a number that was cut in two.
_DIGITS = re.compile(rb"\d{8,}")


def found_in(data: bytes) -> Iterator[tuple[int, int]]:
    """From where to where there is a number."""
    return (found.span() for found in _NUMBER.finditer(data) if passes_luhn(found[0].decode()))


def is_card_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and FEWEST <= len(text) <= MOST and passes_luhn(text)


def passes_luhn(digits: str) -> bool:
    """Every second digit from the right doubled, digits of digits summed up: a multiple of ten (ISO/IEC 7812-1, annex B)."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def masked(data: bytes) -> bytes:
    """As many bytes; of every long run of digits only what may be shown, whether or not it is a number."""
    return _DIGITS.sub(_stars, data)


def _stars(found: re.Match[bytes]) -> bytes:
    digits = found[0]
    first, last = (6, 4) if len(digits) >= FEWEST else (4, 0)
    return digits[:first] + b"*" * (len(digits) - first - last) + digits[len(digits) - last :]
