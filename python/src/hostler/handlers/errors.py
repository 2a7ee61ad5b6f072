"""What can go wrong in a handler, as Multi Model Server tells its callers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hostler.scoring.foreign import Foreign

FAILED: Final = (503, "Prediction failed")
NOT_A_LIST: Final = (503, "Invalid model predict output")
MISMATCHED: Final = (503, "number of batch response mismatched")
UNSUPPORTED_OUTPUT: Final = (503, "Unsupported model output data type.")
OUT_OF_RESOURCES: Final = (507, "Out of resources")
MESSAGE_LIMIT: Final = 2_000


class PredictionException(Exception):
    """Raised by a handler to answer a whole batch with a status and a message of its own.

    Args:
        message: shown to the caller.
        error_code: the status.
    """

    def __init__(self, message: str, error_code: int = 500) -> None:
        self.message = message
        self.error_code = error_code
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.message} : {self.error_code}"


class HandlerError(Exception):
    """A handler cannot be found or loaded.

    Args:
        message: what is wrong, in one sentence.
        where: file and line, where known.
    """

    def __init__(self, message: str, where: str | None = None) -> None:
        super().__init__(message)
        self.where = where


def answer_to(error: BaseException) -> tuple[int, str]:
    """Status and message for what a handler raised; nothing that it did not mean to say."""
    if is_out_of_memory(error):
        return OUT_OF_RESOURCES
    if _is_meant_for_callers(error):
        foreign: Foreign = error
        return _status(foreign.error_code), str(foreign.message)[:MESSAGE_LIMIT]
    return FAILED


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory is what was missing: the process's own, or a device's as torch tells it."""
    return isinstance(error, MemoryError) or any(
        kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__
    )


def _is_meant_for_callers(error: BaseException) -> bool:
    """Also for the class of a package that is really installed, which is another one than ours."""
    names = {(kind.__module__, kind.__name__) for kind in type(error).__mro__}
    own = isinstance(error, PredictionException) or ("mms.service", "PredictionException") in names
    return own and hasattr(error, "message") and hasattr(error, "error_code")


def _status(code: Foreign) -> int:
    """A status that HTTP can carry; 500 for anything else."""
    return code if isinstance(code, int) and 200 <= code <= 999 else 500
