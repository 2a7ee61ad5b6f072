"""The server whose behaviour is reproduced."""

from __future__ import annotations

from typing import Final

SERVER_VERSION: Final = "1.5.1"
SCORING_FAILED: Final = "An unexpected error occurred in scoring script. Check the logs for more info."
INTERNAL_ERROR: Final = "An unexpected internal error occurred. Check the logs for more info."
METHOD_NOT_ALLOWED: Final = "Method not allowed"
