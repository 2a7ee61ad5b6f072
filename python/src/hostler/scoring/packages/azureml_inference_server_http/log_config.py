"""What a script's own `logging.json` names."""

from hostler.scoring.logs import AMLLogFormatter, RootAccessFilter

__all__ = ["AMLLogFormatter", "RootAccessFilter"]
