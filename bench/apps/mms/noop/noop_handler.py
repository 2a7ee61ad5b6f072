"""A handler that does nothing: what is left is the server's."""

from __future__ import annotations


def handle(data: list[dict[str, object]] | None, context: object) -> list[str] | None:
    """Answer each request of the batch with two letters."""
    return None if data is None else ["ok"] * len(data)
