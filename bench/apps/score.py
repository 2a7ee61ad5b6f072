"""Azure ML scoring script: one entry script that holds all the models."""

import json
from typing import Any

from peer_models import Predict, load_all, matrix

models: dict[str, Predict] = {}


def init() -> None:
    models.update(load_all())


def run(raw_data: str) -> Any:
    request = json.loads(raw_data)
    return models[request["model"]](matrix(request["data"])).tolist()
