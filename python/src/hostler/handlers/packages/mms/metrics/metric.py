"""One measurement."""

from hostler.handlers.metrics import Metric

__all__ = ["Metric"]
