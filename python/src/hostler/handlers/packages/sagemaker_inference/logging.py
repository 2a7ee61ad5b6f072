"""The log: standard output, at the level of SAGEMAKER_CONTAINER_LOG_LEVEL."""

from __future__ import annotations

import logging
import os
import sys

from . import parameters

NAME = "sagemaker-inference"
FORMAT = "%(asctime)s %(levelname)s - %(name)s - %(message)s"


def configure_logger(log_level: int | str | None = None, log_format: str = FORMAT) -> None:
    """Let messages of this level and above through."""
    level = os.environ.get(parameters.LOG_LEVEL_ENV, logging.INFO) if log_level is None else log_level
    logger = get_logger()
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter(log_format))
        logger.addHandler(handler)
        logger.propagate = False
    logger.setLevel(int(level) if str(level).isdigit() else level)


def get_logger() -> logging.Logger:
    """The logger of this package."""
    return logging.getLogger(NAME)
