"""The data collector of azureml-ai-monitoring, where that is not installed."""

from .collector import Collector

__all__ = ["Collector"]
