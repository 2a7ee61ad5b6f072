"""What a handler raises to answer with a status of its own."""

from hostler.handlers.errors import PredictionException

__all__ = ["PredictionException"]
