"""Errors that inference code raises, and what their callers get to see."""

from __future__ import annotations


class BaseInferenceToolkitError(Exception):
    """Answers a request with a status, a message and a reason phrase of its own.

    Args:
        status_code: the status.
        message: the body.
        phrase: the reason phrase; the message where it is left out.
    """

    def __init__(self, status_code: int, message: str, phrase: str) -> None:
        self.status_code = status_code
        self.message = message
        self.phrase = phrase
        super().__init__(status_code, message, phrase)

    def __str__(self) -> str:
        return self.message


class GenericInferenceToolkitError(BaseInferenceToolkitError):
    """The same for any status.

    Args:
        status_code: the status.
        message: the body.
        phrase: the reason phrase.
    """

    def __init__(self, status_code: int, message: str | None = None, phrase: str | None = None) -> None:
        super().__init__(status_code, message or "Invalid Request", phrase or message or "Invalid Request")


class UnreadableInputError(BaseInferenceToolkitError, ValueError):
    """A body is not what its content type says.

    Args:
        message: what is wrong with it.
    """

    def __init__(self, message: str) -> None:
        super().__init__(400, message, "Bad Request")


class UnsupportedFormatError(Exception):
    """A content type that a body cannot be read from, or that an answer cannot be written in.

    Args:
        content_type: the one that was asked for.
    """

    def __init__(self, content_type: str | None, **_kwargs: object) -> None:
        self.content_type = content_type
        super().__init__(
            f"Content type {content_type} is not supported by this framework.\n"
            "Please implement input_fn to deserialize the request or output_fn to serialize the response."
        )
