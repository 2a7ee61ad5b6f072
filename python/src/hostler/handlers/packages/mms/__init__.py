"""What handlers import of multi-model-server, where that is not installed."""

from hostler.handlers.context import SERVER_VERSION as __version__

__all__ = ["__version__"]
