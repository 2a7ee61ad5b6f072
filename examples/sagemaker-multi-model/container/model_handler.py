"""The handler of all models of the endpoint: names the five labels that fit a picture best.

A model is a folder with three files: `<name>-weights.json` (a row of numbers for each label), `<name>-shape.json` (how
many numbers a picture has) and `synset.txt` (the labels, one a line). Only Python's standard library is needed.
"""

import glob
import json
import os


class ModelHandler:
    """One model; the server makes one process of this for each worker."""

    def __init__(self):
        self.is_initialized = False
        self.weights = []
        self.labels = []
        self.pixels = 0

    def initialize(self, context):
        """Reads the model that the container was told to load; MemoryError becomes 507, which makes room for it."""
        self.is_initialized = True
        folder = context.system_properties.get("model_dir")
        prefix = self._prefix(folder)
        with open(os.path.join(folder, prefix + "-shape.json")) as file:
            self.pixels = json.load(file)["pixels"]
        # By a relative name: the server starts a handler in its model's folder.
        with open("synset.txt") as file:
            self.labels = [line.strip() for line in file if line.strip()]
        with open(os.path.join(folder, prefix + "-weights.json")) as file:
            self.weights = json.load(file)

    @staticmethod
    def _prefix(folder):
        found = glob.glob(os.path.join(folder, "*-weights.json"))
        if len(found) != 1:
            raise ValueError("expected one *-weights.json in the model, found %d" % len(found))
        return os.path.basename(found[0])[: -len("-weights.json")]

    def handle(self, data, context):
        """Answers a batch: a list of labels for each request."""
        return [self._best(request["body"]) for request in data]

    def _best(self, body):
        picture = json.loads(bytes(body))
        if len(picture) != self.pixels:
            raise ValueError("expected %d numbers, got %d" % (self.pixels, len(picture)))
        scores = [sum(weight * value for weight, value in zip(row, picture)) for row in self.weights]
        best = sorted(range(len(scores)), key=lambda index: -scores[index])[:5]
        return [self.labels[index] for index in best]


_service = ModelHandler()


def handle(data, context):
    if not _service.is_initialized:
        _service.initialize(context)
    if data is None:
        return None
    return _service.handle(data, context)
