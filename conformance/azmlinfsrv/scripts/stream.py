"""Streams its answer."""

from collections.abc import Iterator
from typing import Any

from azureml_inference_server_http.api.aml_response import AMLResponse


def init() -> None:
    pass


def run(data: str) -> Any:
    def pieces() -> Iterator[str]:
        for number in range(5):
            yield f"item: {number}\n\n"

    return AMLResponse(pieces(), 200, {"Content-Type": "text/event-stream"})
