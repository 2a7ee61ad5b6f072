"""Small things around headers and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import content_types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .foreign import Foreign


def read_file(path: str, mode: str = "r") -> Foreign:
    """A file's content."""
    with open(path, mode, encoding=None if "b" in mode else "utf-8") as file:
        return file.read()


def write_file(path: str, data: Foreign, mode: str = "w") -> None:
    """Write a file."""
    with open(path, mode, encoding=None if "b" in mode else "utf-8") as file:
        file.write(data)


def find_header(request_property: Mapping[str, Foreign], name: str) -> str | None:
    """A header's value, whatever the letters of its name."""
    for key, value in request_property.items():
        if key.lower() == name and isinstance(value, str):
            return value
    return None


def retrieve_content_type_header(request_property: Mapping[str, Foreign]) -> str | None:
    """The content type of a request."""
    return find_header(request_property, "content-type")


def media_type(value: str) -> str:
    """A content type without its parameters, in lower case."""
    return value.partition(";")[0].strip().lower()


def parameters_of(value: str) -> dict[str, str]:
    """The parameters of a content type or of one range of an Accept header."""
    pairs = (part.partition("=") for part in value.split(";")[1:])
    return {name.strip().lower(): text.strip().strip('"') for name, _, text in pairs}


def parse_accept(accept: str) -> list[str]:
    """The media ranges of an Accept header, the most wanted first, without those that are refused (`q=0`)."""
    ranges = [part for part in accept.split(",") if part.strip()]
    weighed = [(_weight(part), media_type(part)) for part in ranges]
    return [name for weight, name in sorted(weighed, key=lambda pair: -pair[0]) if weight > 0]


def covers(media_range: str, content_type: str) -> bool:
    """Whether a media range such as `*/*`, `text/*` or `text/csv` takes a content type."""
    if media_range in (content_types.ANY, "*"):
        return True
    kind, _, subtype = media_range.partition("/")
    return media_range == content_type or (subtype == "*" and content_type.startswith(f"{kind}/"))


def remove_crlf(illegal_string: str) -> str:
    """A text that fits on one line."""
    return illegal_string.replace("\r", " ").replace("\n", " ")


def _weight(media_range: str) -> float:
    try:
        return float(parameters_of(media_range).get("q", "1"))
    except ValueError:
        return 1.0
