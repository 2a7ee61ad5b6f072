"""The version of the server that is stood in for."""

from hostler.handlers.context import SERVER_VERSION as __version__

__all__ = ["__version__"]
