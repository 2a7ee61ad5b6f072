"""Azure ML scoring script: one entry script that holds all the models."""

import json

from peer_models import Predict, load_all, matrix

models: dict[str, Predict] = {}


def init() -> None:
    models.update(load_all())


def run(raw_data: str) -> list[float]:
    request = json.loads(raw_data)
    answer: list[float] = models[request["model"]](matrix(request["data"])).tolist()
    return answer
