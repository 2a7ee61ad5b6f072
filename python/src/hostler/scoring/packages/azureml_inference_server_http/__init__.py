"""What scoring scripts import of azureml-inference-server-http, where that is not installed."""

from hostler.scoring.contract import SERVER_VERSION as __version__

__all__ = ["__version__"]
