"""HTTP/1.1 as a client needs it here: one small connection, every outcome visible."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Json = Any  # whatever json.loads makes


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Json:
        return json.loads(self.body)


def render(
    url: str, path: str, body: bytes | str = b"", method: str = "POST", length: int | None = None
) -> bytes:
    """A whole request; `length` declares another size than the body has."""
    content = body.encode() if isinstance(body, str) else body
    declared = len(content) if length is None else length
    lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(url).netloc}", "Content-Type: application/json"]
    return "\r\n".join([*lines, f"Content-Length: {declared}", "", ""]).encode() + content


class Connection:
    """One keep-alive connection, one request at a time. What goes wrong is raised as OSError."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self.host, self.port = address.hostname or "127.0.0.1", address.port or 80
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, message: bytes, timeout: float = 30) -> Reply:
        try:
            return await asyncio.wait_for(self.exchange(message), timeout)
        except asyncio.TimeoutError as error:
            self.close()
            raise OSError(f"no answer in {timeout} s") from error
        except (EOFError, ValueError) as error:
            self.close()
            raise OSError(f"connection lost: {error}") from error
        except OSError:
            self.close()
            raise

    async def exchange(self, message: bytes) -> Reply:
        if self.streams is None:
            self.streams = await asyncio.open_connection(self.host, self.port, limit=2**24)
        reader, writer = self.streams
        writer.write(message)
        await writer.drain()
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").splitlines()
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = await self.chunks(reader)
        else:
            body = await reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Reply(int(first.split(" ", 2)[1]), headers, body)

    async def chunks(self, reader: asyncio.StreamReader) -> bytes:
        parts = []
        while size := int(await reader.readline(), 16):
            parts.append(await reader.readexactly(size))
            await reader.readline()
        while (await reader.readline()).strip():
            pass  # trailers
        return b"".join(parts)

    def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None


def post(url: str, body: str = "", timeout: float = 10) -> bytes:
    """One request where speed does not matter."""
    message = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(message, timeout=timeout) as reply:
        return bytes(reply.read())
