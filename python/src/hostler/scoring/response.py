"""What `run()` may return to say more than a value: status, headers, bytes, a stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from hostler.scoring.multidict import Headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hostler.scoring.foreign import Foreign

FAILED_HEADER: Final = "x-ms-run-function-failed"
DEFAULT_TYPE: Final = "text/html; charset=utf-8"
JSON_TYPE: Final = "application/json"


class Response:
    """A response with the parts of flask's that scoring scripts use.

    Args:
        response: text, bytes, or an iterable of either, which is streamed; None for an empty body.
        status: the status code.
        headers: pairs or a mapping, or None.
        mimetype: the content type without its parameters; text types get a charset.
        content_type: the whole content type, instead.
    """

    def __init__(
        self,
        response: str | bytes | bytearray | Iterable[str | bytes] | None = None,
        status: int | str | None = None,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        mimetype: str | None = None,
        content_type: str | None = None,
    ) -> None:
        self.headers = Headers(headers)
        self.status_code = _code(status)
        if content_type is None:
            content_type = (
                _with_charset(mimetype) if mimetype else self.headers.get("Content-Type", DEFAULT_TYPE)
            )
        self.headers["Content-Type"] = str(content_type)
        self.is_streamed = not isinstance(response, (str, bytes, bytearray, type(None), list, tuple))
        self.response: Foreign = response
        self.direct_passthrough = False

    @property
    def status(self) -> str:
        """The status line's code."""
        return str(self.status_code)

    @status.setter
    def status(self, value: int | str) -> None:
        self.status_code = _code(value)

    @property
    def content_type(self) -> str | None:
        """The Content-Type header."""
        return self.headers.first("Content-Type")

    @content_type.setter
    def content_type(self, value: str) -> None:
        self.headers["Content-Type"] = value

    @property
    def mimetype(self) -> str:
        """The content type without its parameters."""
        return (self.content_type or "").partition(";")[0].strip()

    @mimetype.setter
    def mimetype(self, value: str) -> None:
        self.headers["Content-Type"] = _with_charset(value)

    @property
    def data(self) -> bytes:
        """The whole body; reads a stream to its end."""
        return b"".join(self._whole())

    @data.setter
    def data(self, value: str | bytes) -> None:
        self.set_data(value)

    def get_data(self, as_text: bool = False) -> Foreign:
        """The whole body, as bytes or text; reads a stream to its end."""
        body = b"".join(self._whole())
        return body.decode("utf-8", "replace") if as_text else body

    def _whole(self) -> list[bytes]:
        """The pieces of the body, kept: a stream can be read once."""
        pieces = list(self.iter_encoded())
        self.response, self.is_streamed = pieces, False
        return pieces

    def set_data(self, value: str | bytes) -> None:
        """Replace the body."""
        self.response, self.is_streamed = value, False

    def iter_encoded(self) -> Iterator[bytes]:
        """The pieces of the body."""
        pieces = self.response
        if pieces is None:
            return
        if isinstance(pieces, (str, bytes, bytearray)):
            pieces = (pieces,)
        for piece in pieces:
            yield piece.encode() if isinstance(piece, str) else bytes(piece)

    def set_cookie(self, key: str, value: str = "", **attributes: Foreign) -> None:
        """Add a Set-Cookie header."""
        from http.cookies import SimpleCookie

        cookie: SimpleCookie = SimpleCookie({key: value})
        cookie[key]["path"] = attributes.pop("path", "/")
        for name, setting in attributes.items():
            if setting not in (None, False):
                cookie[key][name.replace("_", "-")] = setting
        self.headers.add("Set-Cookie", cookie[key].OutputString())


class AMLResponse(Response):
    """The response of `azureml_inference_server_http.api.aml_response`.

    Args:
        message: the body; None is an empty JSON object.
        status_code: the status code.
        response_headers: headers, each with one value. Values are kept whole: azmlinfsrv cuts them at
            commas, which says the same of lists and breaks dates and cookies.
        json_str: whether the message is a value to be sent as JSON.
        run_function_failed: what the caller is told in `x-ms-run-function-failed`.
    """

    def __init__(
        self,
        message: Foreign,
        status_code: int,
        response_headers: Mapping[str, str] | None = None,
        json_str: bool = False,
        run_function_failed: bool = False,
    ) -> None:
        if message is None or json_str:
            body: Foreign = json.dumps({} if message is None else message)
            super().__init__(body, status=status_code, mimetype=JSON_TYPE)
        else:
            super().__init__(message, status=status_code)
        self.headers[FAILED_HEADER] = str(run_function_failed)
        for name, value in (response_headers or {}).items():
            if name.lower() == "content-type":
                self.headers["Content-Type"] = str(value)
            else:
                self.headers.add(name, str(value))


def _code(status: int | str | None) -> int:
    if status is None:
        return 200
    return int(status) if isinstance(status, int) else int(str(status).partition(" ")[0])


def _with_charset(mimetype: str) -> str:
    needs = mimetype.startswith("text/") and "charset" not in mimetype
    return f"{mimetype}; charset=utf-8" if needs else mimetype
