"""One scoring script for every model in the folder: the request says which one it wants."""

from __future__ import annotations

import json
import logging
import os
from typing import Any

import joblib
import pandas

models: dict[str, Any] = {}


def init() -> None:
    """Load each model of the mounted folder under its file's name."""
    folder = os.path.join(os.environ["AZUREML_MODEL_DIR"], "models")
    for file in sorted(os.listdir(folder)):
        name, _ = os.path.splitext(file)
        models[name] = joblib.load(os.path.join(folder, file))
        logging.info("loaded %s", name)


def run(data: str) -> str:
    """Answer {"model": name, "data": {column: {row: value}}} with a table of predictions."""
    request = json.loads(data)
    model = models[request["model"]]
    table = pandas.DataFrame.from_dict(request["data"])
    predictions: str = pandas.DataFrame(model.predict(table)).to_json()
    return predictions
