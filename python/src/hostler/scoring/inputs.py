"""What a request to `/score` becomes for run()."""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import sys
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

from hostler.scoring.multidict import MultiDict
from hostler.scoring.request import Request, is_json_type, title_case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostler.scoring.foreign import Foreign
    from hostler.scoring.script import Script


class Refused(Exception):
    """The request cannot be an input.

    Args:
        status: the status code.
        message: why, for the caller.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Incoming(NamedTuple):
    """A request. Headers, pairs as they came, and the target may be empty where the script needs neither."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    content_type: str
    body: bytearray


def text_of(incoming: Incoming) -> str:
    """The input of an undecorated run(): the body as text, or the query as JSON.

    Raises:
        Refused: the body is not UTF-8.
    """
    if incoming.method == "GET":
        return json.dumps(_query(incoming.target))
    try:
        return incoming.body.decode("utf-8")
    except UnicodeDecodeError as error:
        reason = f"'utf-8' codec can't decode {_place(error)}: {error.reason}"
        raise Refused(400, f"Input cannot be decoded as UTF-8: {reason}") from None


def _place(error: UnicodeDecodeError) -> str:
    if error.end - error.start == 1:
        return f"byte 0x{error.object[error.start]:02x} in position {error.start}"
    return f"bytes in position {error.start}-{error.end - 1}"


def arguments_of(incoming: Incoming, script: Script) -> dict[str, Foreign]:
    """The arguments of a run() with `@input_schema`: fields of a JSON object, or of the query.

    Raises:
        Refused: there is no such object, or it lacks one.
    """
    given = _query(incoming.target) if incoming.method == "GET" else _json_object(incoming)
    arguments: dict[str, Foreign] = {}
    for parameter in script.parameters:
        value = given.get(parameter.name, parameter.default)
        if value is inspect.Parameter.empty:
            raise Refused(400, f"A value is not provided for the {parameter.name!r} parameter.")
        arguments[parameter.name] = value
    return arguments


def _json_object(incoming: Incoming) -> dict[str, Foreign]:
    if not is_json_type(incoming.content_type.partition(";")[0].strip().lower()):
        raise Refused(415, "Expects Content-Type to be application/json")
    try:
        value = json.loads(incoming.body)
    except ValueError as error:
        if incoming.body:
            raise Refused(400, f"POST body could not be decoded as JSON: {error}") from None
        raise Refused(400, "POST body is empty. Expecting a JSON dictionary.") from None
    if not isinstance(value, dict):
        raise Refused(400, "POST body should be a JSON dictionary.")
    return value


def _query(target: str) -> dict[str, Foreign]:
    pairs = parse_qsl(target.partition("?")[2], keep_blank_values=True)
    return {
        key: _value(values[0]) if len(values) == 1 else [_value(value) for value in values]
        for key, values in MultiDict(pairs).lists()
    }


def _value(text: str) -> Foreign:
    try:
        return json.loads(text)
    except ValueError:
        return text


def headers_of(incoming: Incoming) -> dict[str, str]:
    """The `request_headers` of run(): one value a name, names as WSGI has them."""
    headers: dict[str, str] = {}
    for name, value in incoming.headers:
        key = title_case(name)
        headers[key] = f"{headers[key]},{value}" if key in headers else value
    return headers


@contextlib.contextmanager
def raw_request(incoming: Incoming) -> Iterator[Foreign]:
    """The request of a run() with `@rawhttp`: flask's where the script has imported flask, else ours."""
    flask: Foreign = sys.modules.get("flask")
    if flask is None:
        yield Request(incoming.method, incoming.target, incoming.headers, bytes(incoming.body))
        return
    with _flask_app(flask).request_context(_wsgi_environment(incoming)):
        yield flask.request._get_current_object()


_apps: list[Foreign] = []


def _flask_app(flask: Foreign) -> Foreign:
    if not _apps:
        _apps.append(flask.Flask("hostler"))
    return _apps[0]


def _wsgi_environment(incoming: Incoming) -> dict[str, Foreign]:
    path, _, query = incoming.target.partition("?")
    names = {title_case(name): value for name, value in incoming.headers}
    host, _, port = names.get("Host", "localhost").partition(":")
    environment: dict[str, Foreign] = {
        "REQUEST_METHOD": incoming.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "RAW_URI": incoming.target,
        "REQUEST_URI": incoming.target,
        "SERVER_NAME": host,
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(incoming.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(incoming.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in headers_of(incoming).items():
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environment[key] = value
        elif key != "CONTENT_LENGTH":
            environment[f"HTTP_{key}"] = value
    return environment
