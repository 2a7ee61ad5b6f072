"""azmlinfsrv on loopback: the server has no option for the host and would take 0.0.0.0."""

from importlib import import_module
from typing import Any

constants: Any = import_module("azureml_inference_server_http.constants")
constants.DEFAULT_HOST = "127.0.0.1"
server: Any = import_module(
    "azureml_inference_server_http.amlserver"
)  # reads the constant when it is imported
server.run()
