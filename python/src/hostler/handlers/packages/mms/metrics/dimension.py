"""What tells measurements of one name apart."""

from hostler.handlers.metrics import Dimension

__all__ = ["Dimension"]
