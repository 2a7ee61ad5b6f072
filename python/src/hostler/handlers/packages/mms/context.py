"""What a handler is given beside its data."""

from hostler.handlers.context import Context, RequestProcessor

__all__ = ["Context", "RequestProcessor"]
