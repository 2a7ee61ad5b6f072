"""`@rawhttp` and the request that it asks for."""

from hostler.scoring.raw import AMLRequest, rawhttp

__all__ = ["AMLRequest", "rawhttp"]
