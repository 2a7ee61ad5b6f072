"""What can go wrong between the front and a worker.

HostlerError
├── ConnectionEnded   the other side closed the connection
├── ProtocolError     the other side broke the protocol: a bug, the connection ends
└── CallError         one call or command failed: answered with END and one of the codes below
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hostler.protocol.fields import Header

INVALID_INPUT: Final = "INVALID_INPUT"
UNSUPPORTED_OUTPUT: Final = "UNSUPPORTED_OUTPUT"
MODEL_ERROR: Final = "MODEL_ERROR"
OUT_OF_MEMORY: Final = "OUT_OF_MEMORY"
LOAD_FAILED: Final = "LOAD_FAILED"
FRAMEWORK_MISSING: Final = "FRAMEWORK_MISSING"
UNKNOWN_MODEL: Final = "UNKNOWN_MODEL"

MESSAGE_LIMIT: Final = 2_000
LINE_LIMIT: Final = 500


class HostlerError(Exception):
    """Any error that this package raises on purpose."""


class ConnectionEnded(HostlerError):
    """The other side closed the connection."""


class ProtocolError(HostlerError):
    """The other side sent something that the protocol forbids."""


class CallError(HostlerError):
    """One call or command failed; the connection goes on.

    Args:
        code: one of the codes above.
        message: what happened, which value, what to do.
        kind: the Python exception's dotted class name, where one was raised.
        field: which part of the request, such as `inputs[0].data`.
        expected: what was wanted there, for people to read.
        got: what was found there.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        kind: str | None = None,
        field: str | None = None,
        expected: str | None = None,
        got: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.kind = kind
        self.field = field
        self.expected = expected
        self.got = got

    def to_header(self) -> Header:
        """The `error` object of an END frame."""
        return {
            "code": self.code,
            "message": self.message,
            "type": self.kind,
            "field": self.field,
            "expected": self.expected,
            "got": self.got,
        }


def invalid(field: str, expected: str, got: str) -> CallError:
    """The error for a part of the request that is not what it must be.

    Args:
        field: the part's path, such as `inputs[0].data`.
        expected: what it must be.
        got: what it is.
    """
    message = f"{field}: expected {expected}, got {got}"
    return CallError(INVALID_INPUT, message, field=field, expected=expected, got=got)


def class_name(value: object) -> str:
    """The dotted name of an object's class, such as `builtins.ValueError`."""
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}"


def first_line(text: str, limit: int = LINE_LIMIT) -> str:
    """The first line of a text that is not blank, at most `limit` characters of it."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= limit else line[: limit - 1] + "…"


def bounded(text: str) -> str:
    """A text of any number of lines, at most MESSAGE_LIMIT characters of it."""
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"
