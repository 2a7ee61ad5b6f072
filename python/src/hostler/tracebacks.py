"""Tracebacks for the log, without the frames of the server around somebody's code."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

LIBRARIES: Final = (f"{os.sep}site-packages{os.sep}", f"{os.sep}lib{os.sep}python")


class Trace(NamedTuple):
    """What an error tells.

    Attributes:
        text: the whole traceback, for the log.
        last: its last line.
        where: file and line of the innermost place that is no library's, or None.
    """

    text: str
    last: str
    where: str | None


def read(error: BaseException, own: Sequence[str]) -> Trace:
    """What an error tells, leaving out frames of files whose paths begin with one of `own`."""
    stack = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((*own, "<frozen"))
    ]
    lines = traceback.format_exception_only(error)
    text = "".join((*traceback.format_list(stack), *lines)).rstrip()
    return Trace(text, lines[-1].strip(), _where(error, stack))


def _where(error: BaseException, stack: Sequence[traceback.FrameSummary]) -> str | None:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    for frame in reversed(stack):
        if not any(part in frame.filename for part in LIBRARIES):
            return f"{frame.filename}:{frame.lineno}"
    return f"{stack[-1].filename}:{stack[-1].lineno}" if stack else None
