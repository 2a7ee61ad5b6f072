"""Azure ML calls init() once; the predictions come from a server of our own, on a port of its own."""

from __future__ import annotations

import os

from api_server import ApiServer


def init() -> None:
    """Say where the model is and start the server, which goes on when this returns."""
    os.environ["AZUREML_MODEL_PATH"] = os.path.join(os.environ["AZUREML_MODEL_DIR"], "model", "line.json")
    ApiServer()


def run(data: str) -> None:
    """Never called: the routes of the deployment lead to the server's own port."""
    raise NotImplementedError("ask the server on its own port")
