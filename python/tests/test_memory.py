"""How memory is measured."""

from __future__ import annotations

import sys

import pytest

from hostler import memory

MEGABYTE = 1_000_000


@pytest.mark.parametrize("size", [24, 1000, 100_000])
def test_what_goes_where_memory_was_free_is_seen(size: int) -> None:
    count = 20 * MEGABYTE // (size + sys.getsizeof(b""))
    hold = [bytes(size) for _ in range(count)]
    kept = hold[::500]  # so that the heap cannot shrink
    hold.clear()
    before = memory.allocated_bytes()
    again = [bytes(size) for _ in range(count)]
    grown = memory.allocated_bytes() - before
    assert 15 * MEGABYTE < grown < 30 * MEGABYTE
    assert len(again) == count > len(kept)
    again.clear()
    assert memory.allocated_bytes() - before < MEGABYTE
