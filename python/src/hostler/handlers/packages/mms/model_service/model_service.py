"""Base classes of handlers."""

from hostler.handlers.services import ModelService, SingleNodeService

__all__ = ["ModelService", "SingleNodeService"]
