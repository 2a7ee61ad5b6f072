"""Where a model's file is: named itself, or found in its folder under a well-known name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hostler.protocol import errors
from hostler.protocol.errors import CallError, class_name, first_line

if TYPE_CHECKING:
    from collections.abc import Sequence


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


def failed(path: str, error: BaseException) -> CallError:
    """The error for a file that is there but does not load."""
    reason = first_line(str(error)) or "no reason given"
    kind = class_name(error)
    return CallError(
        errors.LOAD_FAILED, f"cannot load {path}: {kind.removeprefix('builtins.')}: {reason}", kind=kind
    )
