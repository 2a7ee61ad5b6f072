"""The request that a script with `@rawhttp` is given: werkzeug's interface, on what came in a frame."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from hostler.scoring.forms import read_form
from hostler.scoring.multidict import Headers, MultiDict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hostler.scoring.foreign import Foreign

FORM_TYPES: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


class BadRequest(ValueError):
    """The body is not what the script takes it for."""


class Request:
    """A request whose body is here already.

    Args:
        method: the method in capitals.
        target: path and query as they came.
        headers: names and values.
        body: the body's bytes.
    """

    def __init__(self, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        path, _, query = target.partition("?")
        self.method = method
        self.headers = Headers((title_case(name), value) for name, value in headers)
        self.path = unquote(path)
        self.query_string = query.encode("latin-1", "replace")
        self.args = MultiDict(parse_qsl(query, keep_blank_values=True))
        self.scheme = "http"
        self.remote_addr = "127.0.0.1"
        self.view_args: dict[str, Foreign] = {}
        self._body = body
        self._form: tuple[MultiDict, MultiDict] | None = None

    def __repr__(self) -> str:
        return f"<Request {self.url!r} [{self.method}]>"

    @property
    def data(self) -> bytes:
        """The body's bytes, whatever its content type."""
        return self._body

    @property
    def stream(self) -> io.BytesIO:
        """The body as a file."""
        return io.BytesIO(self._body)

    def get_data(self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False) -> Foreign:
        """The body as bytes or text."""
        return self._body.decode("utf-8", "replace") if as_text else self._body

    @property
    def json(self) -> Foreign:
        """The body's JSON value."""
        return self.get_json()

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Foreign:
        """The body's JSON value.

        Raises:
            BadRequest: the content type is not JSON's and it is not forced, or the body is not JSON.
        """
        if not (force or self.is_json):
            if silent:
                return None
            raise BadRequest("The request's content type is not application/json.")
        try:
            return json.loads(self._body)
        except ValueError as error:
            if silent:
                return None
            raise BadRequest(f"The request's body is not JSON: {error}") from error

    @property
    def form(self) -> MultiDict:
        """The fields of a form."""
        return self._parsed_form()[0]

    @property
    def files(self) -> MultiDict:
        """The files of a multipart form, as FileStorage."""
        return self._parsed_form()[1]

    @property
    def values(self) -> MultiDict:
        """Query and form together."""
        return MultiDict(
            (key, value)
            for part in (self.args, self.form)
            for key, values in part.lists()
            for value in values
        )

    def _parsed_form(self) -> tuple[MultiDict, MultiDict]:
        if self._form is None:
            is_form = self.mimetype in FORM_TYPES
            self._form = (
                read_form(self.content_type or "", self._body) if is_form else (MultiDict(), MultiDict())
            )
        return self._form

    @property
    def content_type(self) -> str | None:
        """The Content-Type header."""
        return self.headers.first("Content-Type")

    @property
    def mimetype(self) -> str:
        """The content type without its parameters, in small letters."""
        return (self.content_type or "").partition(";")[0].strip().lower()

    @property
    def mimetype_params(self) -> dict[str, str]:
        """The content type's parameters."""
        from email.message import Message

        message = Message()
        message["content-type"] = self.content_type or ""
        return {str(name): str(value) for name, value in (message.get_params() or [])[1:]}

    @property
    def is_json(self) -> bool:
        """Whether the content type is JSON's."""
        return is_json_type(self.mimetype)

    @property
    def content_length(self) -> int:
        """Bytes of the body."""
        return len(self._body)

    @property
    def content_encoding(self) -> str | None:
        """The Content-Encoding header."""
        return self.headers.first("Content-Encoding")

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that were sent."""
        from http.cookies import SimpleCookie

        return {name: morsel.value for name, morsel in SimpleCookie(self.headers.get("Cookie", "")).items()}

    @property
    def user_agent(self) -> str:
        """The User-Agent header."""
        return str(self.headers.get("User-Agent", ""))

    @property
    def host(self) -> str:
        """The Host header."""
        return str(self.headers.get("Host", "localhost"))

    @property
    def host_url(self) -> str:
        """Scheme and host, with a slash behind them."""
        return f"{self.scheme}://{self.host}/"

    root_url = url_root = host_url

    @property
    def base_url(self) -> str:
        """The URL without its query."""
        return self.host_url + self.path.lstrip("/")

    @property
    def full_path(self) -> str:
        """Path and query; ends in a question mark where there is no query."""
        return f"{self.path}?{self.query_string.decode('latin-1')}"

    @property
    def url(self) -> str:
        """The whole URL."""
        query = self.query_string.decode("latin-1")
        return f"{self.base_url}?{query}" if query else self.base_url

    @property
    def is_secure(self) -> bool:
        """Whether it came over TLS."""
        return urlsplit(self.url).scheme == "https"


def title_case(name: str) -> str:
    """A header's name as WSGI servers hand it on: `x-request-id` is `X-Request-Id`."""
    return "-".join(word.capitalize() for word in name.split("-"))


def is_json_type(mimetype: str) -> bool:
    """Whether a content type without parameters, in small letters, is one of JSON's."""
    return mimetype == "application/json" or (
        mimetype.startswith("application/") and mimetype.endswith("+json")
    )
