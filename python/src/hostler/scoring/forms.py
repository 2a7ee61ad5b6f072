"""Bodies of HTML forms: fields and files."""

from __future__ import annotations

import io
import shutil
from email import policy
from email.parser import BytesParser
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from hostler.scoring.multidict import Headers, MultiDict

if TYPE_CHECKING:
    from hostler.scoring.foreign import Foreign


class FileStorage:
    """An uploaded file, readable as a file itself.

    Args:
        content: its bytes.
        filename: as the caller named it: never to be used as a path without a check.
        name: the form's field.
        headers: of this part.
    """

    def __init__(self, content: bytes, filename: str, name: str, headers: Headers) -> None:
        self.stream = io.BytesIO(content)
        self.filename = filename
        self.name = name
        self.headers = headers

    @property
    def content_type(self) -> str | None:
        """The part's Content-Type header."""
        return self.headers.first("Content-Type")

    @property
    def mimetype(self) -> str:
        """The content type without its parameters."""
        return (self.content_type or "").partition(";")[0].strip().lower()

    @property
    def content_length(self) -> int:
        """Bytes of the file."""
        return len(self.stream.getbuffer())

    def save(self, destination: Foreign, buffer_size: int = 16384) -> None:
        """Write the file to a path or an open binary file."""
        if hasattr(destination, "write"):
            shutil.copyfileobj(self.stream, destination, buffer_size)
            return
        with open(destination, "wb") as file:
            shutil.copyfileobj(self.stream, file, buffer_size)

    def close(self) -> None:
        """Free the file's bytes."""
        self.stream.close()

    def __getattr__(self, name: str) -> Foreign:
        return getattr(self.stream, name)  # read, seek, readline and the like

    def __iter__(self) -> Foreign:
        return iter(self.stream)

    def __bool__(self) -> bool:
        return bool(self.filename)

    def __repr__(self) -> str:
        return f"<FileStorage: {self.filename!r} ({self.content_type!r})>"


def read_form(content_type: str, body: bytes) -> tuple[MultiDict, MultiDict]:
    """The fields and the files of a form; both empty where the body is not what its type says."""
    if not content_type.lower().startswith("multipart/"):
        text = body.decode("utf-8", "replace")
        return MultiDict(parse_qsl(text, keep_blank_values=True)), MultiDict()
    fields: list[tuple[str, Foreign]] = []
    files: list[tuple[str, Foreign]] = []
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    for part in BytesParser(policy=policy.HTTP).parsebytes(head + body).iter_parts():
        name = part.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            continue
        payload = part.get_payload(decode=True)
        content = payload if isinstance(payload, bytes) else b""
        filename = part.get_filename()
        if filename is None:
            fields.append((name, content.decode("utf-8", "replace")))
        else:
            headers = Headers((key, str(value)) for key, value in part.items())
            # Browsers and curl write a quotation mark in a name so.
            filename = filename.replace("%22", '"')
            files.append((name, FileStorage(content, filename, name, headers)))
    return MultiDict(fields), MultiDict(files)
