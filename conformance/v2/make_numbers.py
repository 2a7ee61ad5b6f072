"""Make the tables that say how numbers are written and rounded, from the libraries whose way it is.

    python make_numbers.py

float-text.json: doubles, as their 64 bits, and how orjson prints them, which is how MLServer's replies print.
float16.json: what Python's struct makes of every half, and of doubles at and beside every midpoint of two
halves, where rounding is decided; as SHA-256 of all results, since the tables themselves would be megabytes.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import struct
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
SEED = 20_240_229
LARGEST_HALF = 0x7BFF

KNOWN = [
    0.0,
    -0.0,
    0.28583016991615295,
    0.1,
    1 / 3,
    1e-4,
    1e-5,
    9.999999999999999e-6,
    1.5e-5,
    1e15,
    9999999999999998.0,
    1e16,
    1.5e16,
    1e21,
    1e22,
    123456789012345680.0,
    1234567890123456.8,
    5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    2.0**53,
    math.inf,
    -math.inf,
    math.nan,
]


def doubles() -> Iterator[float]:
    """The known ones; some of every decimal exponent; floats of 32 and 16 bits as the doubles they are."""
    yield from KNOWN
    chance = random.Random(SEED)
    for exponent in range(-323, 309):
        digits = chance.choice([0, 0, 1, 3, 7, 16])
        yield chance.choice([1, -1]) * float(f"{chance.uniform(1, 1.79):.{digits}f}e{exponent}")
    for exponent in range(-45, 39):
        yield single(float(f"{chance.uniform(1, 3.4)}e{exponent}"))
    for _ in range(60):
        yield half(chance.randrange(LARGEST_HALF + 1))


def single(value: float) -> float:
    """The nearest float of 32 bits."""
    (rounded,) = struct.unpack("<f", struct.pack("<f", value))
    return float(rounded)


def half(bits: int) -> float:
    """The half with these bits."""
    (value,) = struct.unpack("<e", struct.pack("<H", bits))
    return float(value)


def half_bits(value: float) -> int:
    """The bits of the nearest half, ties to even; infinity beyond the largest."""
    try:
        (bits,) = struct.unpack("<H", struct.pack("<e", value))
    except OverflowError:
        bits = 0xFC00 if value < 0 else 0x7C00
    return int(bits)


def midpoints() -> Iterator[float]:
    """Between every two neighbours, and the doubles next to that on both sides."""
    for bits in range(LARGEST_HALF + 1):
        above = 65536.0 if bits == LARGEST_HALF else half(bits + 1)
        middle = (half(bits) + above) / 2
        yield from (math.nextafter(middle, 0.0), middle, math.nextafter(middle, math.inf))


def float_text() -> object:
    vectors = [[struct.pack(">d", value).hex(), orjson.dumps(value).decode()] for value in doubles()]
    return {"made_by": f"make_numbers.py, orjson {version('orjson')}", "vectors": vectors}


def float16() -> object:
    numbers = (half(bits) for bits in range(1 << 16))
    # A NaN's sign and payload are nobody's business: all of them count as one.
    values = b"".join(struct.pack("<d", math.nan if math.isnan(value) else value) for value in numbers)
    rounded = b"".join(struct.pack("<HH", half_bits(value), half_bits(-value)) for value in midpoints())
    return {
        "made_by": "make_numbers.py, Python's struct",
        "values_sha256": hashlib.sha256(values).hexdigest(),
        "midpoints_sha256": hashlib.sha256(rounded).hexdigest(),
    }


def write(name: str, table: object) -> None:
    text = json.dumps(table, indent=1).replace("[\n   ", "[").replace(",\n   ", ", ").replace("\n  ]", "]")
    (HERE / name).write_text(f"{text}\n")


if __name__ == "__main__":
    write("float-text.json", float_text())
    write("float16.json", float16())
