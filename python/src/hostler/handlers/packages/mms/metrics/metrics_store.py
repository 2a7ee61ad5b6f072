"""The measurements of a batch."""

from hostler.handlers.metrics import MetricsStore

__all__ = ["MetricsStore"]
