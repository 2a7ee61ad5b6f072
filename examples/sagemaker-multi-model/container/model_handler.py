"""The handler of all models of the endpoint: names the five labels that fit a picture best.

A model is a folder with three files: `<name>-weights.json` (a row of numbers for each label),
`<name>-shape.json` (how many numbers a picture has) and `synset.txt` (the labels, one a line). Only Python's
standard library is needed.
"""

from __future__ import annotations

import glob
import json
import operator
import os
from typing import Any, Protocol


class Context(Protocol):
    """What the server says about the model; `model_dir` is its folder."""

    system_properties: dict[str, Any]


class ModelHandler:
    """One model; the server makes one process of this for each worker."""

    def __init__(self) -> None:
        self.is_initialized = False
        self.weights: list[list[float]] = []
        self.labels: list[str] = []
        self.pixels = 0

    def initialize(self, context: Context) -> None:
        """Reads the model that the container was told to load.

        MemoryError becomes 507, which makes room for it.
        """
        self.is_initialized = True
        folder: Any = context.system_properties.get("model_dir")
        prefix = self._prefix(folder)
        with open(os.path.join(folder, prefix + "-shape.json")) as file:
            self.pixels = json.load(file)["pixels"]
        # By a relative name: the server starts a handler in its model's folder.
        with open("synset.txt") as file:
            self.labels = [line.strip() for line in file if line.strip()]
        with open(os.path.join(folder, prefix + "-weights.json")) as file:
            self.weights = json.load(file)

    @staticmethod
    def _prefix(folder: str) -> str:
        found = glob.glob(os.path.join(folder, "*-weights.json"))
        if len(found) != 1:
            raise ValueError(f"expected one *-weights.json in the model, found {len(found)}")
        return os.path.basename(found[0])[: -len("-weights.json")]

    def handle(self, data: list[dict[str, bytes]], context: Context) -> list[list[str]]:
        """Answers a batch: a list of labels for each request."""
        return [self._best(request["body"]) for request in data]

    def _best(self, body: bytes) -> list[str]:
        picture = json.loads(bytes(body))
        if len(picture) != self.pixels:
            raise ValueError(f"expected {self.pixels} numbers, got {len(picture)}")
        scores = [sum(map(operator.mul, row, picture)) for row in self.weights]
        best = sorted(range(len(scores)), key=lambda index: -scores[index])[:5]
        return [self.labels[index] for index in best]


_service = ModelHandler()


def handle(data: list[dict[str, bytes]] | None, context: Context) -> list[list[str]] | None:
    if not _service.is_initialized:
        _service.initialize(context)
    if data is None:
        return None
    return _service.handle(data, context)
