"""What a scoring script writes, in azmlinfsrv's format: prints, `logging` at INFO, and what C code writes."""

from __future__ import annotations

import builtins
import json
import logging
import logging.config
import os
import sys
import time
from typing import Final

from hostler.scoring.foreign import Foreign
from hostler.scoring.settings import SettingsError

FORMAT: Final = "%(asctime)s %(levelname).1s [%(process)d] %(name)s - %(message)s"
TREE_LINES: Final = 200


class ServerLogger(logging.Logger):
    """Stays on: a script's `dictConfig()` turns off what it does not name, its prints and tracebacks too."""

    @property
    def disabled(self) -> bool:
        """Never."""
        return False

    @disabled.setter
    def disabled(self, value: bool) -> None:
        """It stays on."""


def _logger(name: str) -> logging.Logger:
    usual = logging.getLoggerClass()
    logging.setLoggerClass(ServerLogger)
    try:
        return logging.getLogger(name)
    finally:
        logging.setLoggerClass(usual)


server: Final = _logger("azmlinfsrv")
user_script: Final = _logger("azmlinfsrv.user_script")
prints: Final = _logger("azmlinfsrv.print")

_print: Final = builtins.print
_configure: Final = logging.basicConfig


class AMLLogFormatter(logging.Formatter):
    """Time in UTC, the level's first letter, the process, the logger, the message."""

    def __init__(self, fmt: str = FORMAT, datefmt: str | None = None, style: Foreign = "%") -> None:
        super().__init__(fmt=fmt, datefmt=datefmt, style=style)
        self.converter = time.gmtime


class RootAccessFilter(logging.Filter):
    """Leaves out what is written of health probes."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written."""
        return "GET / HTTP/1.1" not in record.getMessage()


class StdoutHandler(logging.StreamHandler[Foreign]):
    """Writes to whatever standard output is now."""

    @property
    def stream(self) -> Foreign:
        """Standard output."""
        return sys.stdout

    @stream.setter
    def stream(self, value: Foreign) -> None:
        """It is never another."""


def set_up(level: str, folders: tuple[str | None, ...]) -> None:
    """Configure logging and printing for this process.

    Args:
        level: the least level that is written.
        folders: where a `logging.json` of the script's own is looked for, in order.
    """
    own = next((path for folder in folders if folder and os.path.isfile(path := _file(folder))), None)
    handler = StdoutHandler()
    handler.setFormatter(AMLLogFormatter())
    server.setLevel(level)
    server.addHandler(handler)
    server.propagate = False
    if own is None:
        _offer_root(handler, level)
    else:
        _configure_from(own)
        server.info("Loaded logging config from %s", own)
    builtins.print = _print_to_log


def _configure_from(path: str) -> None:
    try:
        with open(path, encoding="utf-8") as file:
            logging.config.dictConfig(json.load(file))
    except (OSError, ValueError, TypeError, AttributeError, ImportError) as error:
        cause = error.__cause__ or error
        raise SettingsError(f"{path} is no logging configuration: {error}: {cause}") from error


def _file(folder: str) -> str:
    return os.path.join(folder, "logging.json")


def _offer_root(handler: logging.Handler, level: str) -> None:
    """Show what scripts log that have configured nothing; a script that does configure it has its way."""
    root = logging.getLogger()
    root.setLevel(level)
    root.addHandler(handler)

    def configure(**options: Foreign) -> None:
        if options and root.handlers == [handler]:
            root.removeHandler(handler)
            root.setLevel(logging.WARNING)
        _configure(**options)

    logging.basicConfig = configure


def _print_to_log(
    *values: object, sep: str | None = " ", end: str | None = "\n", file: Foreign = None, flush: bool = False
) -> None:
    if file is None or file is sys.stdout:
        prints.info("%s", (" " if sep is None else sep).join(map(str, values)))
    else:
        _print(*values, sep=sep, end=end, file=file, flush=flush)


def show_folder(path: str) -> None:
    """Write what is in a folder, as a tree, at most TREE_LINES of it."""
    server.info("Model Directory Contents:")
    lines = _tree(os.path.normpath(path), 0)
    for count, line in enumerate(lines):
        if count == TREE_LINES:
            server.info("Output Truncated. First %d lines shown.", TREE_LINES)
            return
        server.info("%s", line)


def _tree(path: str, depth: int) -> Foreign:
    name = " " * 4 * depth + os.path.basename(path)
    if not os.path.isdir(path):
        yield name
        return
    yield name + os.sep
    for child in sorted(os.listdir(path)):
        yield from _tree(os.path.join(path, child), depth + 1)
