"""What ties what is collected for one request together."""

from __future__ import annotations

import uuid


class CorrelationContext:
    """An id that inputs and outputs of one request share."""

    def __init__(self, id: str | None = None) -> None:
        self._id = id or str(uuid.uuid4())

    @property
    def id(self) -> str:
        """The id."""
        return self._id

    def get_id(self) -> str:
        """The id."""
        return self._id

    def __str__(self) -> str:
        return self._id


def get_context() -> CorrelationContext:
    """A new context."""
    return CorrelationContext()


class BasicCorrelationContext(CorrelationContext):
    """A context with an id of the caller's choice."""
