"""The response that a script may return."""

from hostler.scoring.response import AMLResponse

__all__ = ["AMLResponse"]
