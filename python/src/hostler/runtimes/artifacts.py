"""Where a model's file is: named itself, or found in its folder under a well-known name."""

from __future__ import annotations

import contextlib
import os
import warnings
from typing import TYPE_CHECKING, Final

from hostler.protocol import errors
from hostler.protocol.errors import CallError, class_name, first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

WARNINGS: Final = 5


def find(artifact: str, names: Sequence[str]) -> str:
    """The path of the file to load.

    Args:
        artifact: an absolute path: the file, or a folder that holds one.
        names: the well-known file names, the first that exists wins.

    Raises:
        CallError: LOAD_FAILED, if there is no such file.
    """
    if os.path.isdir(artifact):
        for name in names:
            path = os.path.join(artifact, name)
            if os.path.isfile(path):
                return path
        raise CallError(errors.LOAD_FAILED, f"the folder {artifact} has none of {', '.join(names)}")
    if os.path.isfile(artifact):
        return artifact
    raise CallError(errors.LOAD_FAILED, f"there is no file {artifact}; check the model's uri")


@contextlib.contextmanager
def told_warnings(log: Callable[[str, str], None], reword: Callable[[Warning], str]) -> Iterator[None]:
    """Send what is warned of meanwhile to the log, each thing once, and not too many.

    Args:
        log: takes a level and a message.
        reword: makes the message of a warning.
    """
    seen: set[str] = set()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        message = warning.message
        text = reword(message) if isinstance(message, Warning) else message
        if text not in seen and len(seen) < WARNINGS:
            seen.add(text)
            log("warn", text)


def failed(path: str, error: BaseException, reason: str | None = None) -> CallError:
    """The error for a file that is there but does not load.

    Args:
        path: the file.
        error: what loading it raised.
        reason: what to say of it, where the error itself says it badly.
    """
    kind = class_name(error)
    if reason is None:
        reason = f"{kind.removeprefix('builtins.')}: {first_line(str(error)) or 'no reason given'}"
    return CallError(errors.LOAD_FAILED, f"cannot load {path}: {reason}", kind=kind)
