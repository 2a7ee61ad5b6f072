"""What the environment variables say."""

from __future__ import annotations

import os

from . import content_types, parameters

DEFAULT_BASE_DIR = "/opt/ml"
DEFAULT_MODULE_NAME = "inference.py"
DEFAULT_MODEL_SERVER_TIMEOUT = "60"
DEFAULT_STARTUP_TIMEOUT = "600"
DEFAULT_HTTP_PORT = "8080"
BYTES_IN_MB = 1024 * 1024

base_dir = os.environ.get(parameters.BASE_PATH_ENV, DEFAULT_BASE_DIR)


def is_multi_model() -> bool:
    """Whether models are loaded and unloaded by whoever calls."""
    return os.environ.get(parameters.MULTI_MODEL_ENV) == "true"


model_dir = os.path.join(base_dir, "models" if is_multi_model() else "model")
"""Where the model lies, or all of them."""
code_dir = os.path.join(model_dir, "code")
"""Where the user's own modules lie."""


class Environment:
    """The settings, read when it is made."""

    def __init__(self) -> None:
        read = os.environ.get
        self._module_name = parse_module_name(read(parameters.USER_PROGRAM_ENV, DEFAULT_MODULE_NAME))
        self._model_server_timeout = int(
            read(parameters.MODEL_SERVER_TIMEOUT_ENV, DEFAULT_MODEL_SERVER_TIMEOUT)
        )
        self._model_server_timeout_seconds = _number(parameters.MODEL_SERVER_TIMEOUT_SECONDS_ENV)
        self._model_server_workers = read(parameters.MODEL_SERVER_WORKERS_ENV)
        self._startup_timeout = int(read(parameters.STARTUP_TIMEOUT_ENV, DEFAULT_STARTUP_TIMEOUT))
        self._default_accept = read(parameters.DEFAULT_INVOCATIONS_ACCEPT_ENV, content_types.JSON)
        self._http_port = read(parameters.BIND_TO_PORT_ENV, DEFAULT_HTTP_PORT)
        self._safe_port_range = read(parameters.SAFE_PORT_RANGE_ENV)
        self._vmargs = read(parameters.MODEL_SERVER_VMARGS)
        self._max_request_size_in_mb = _number(parameters.MAX_REQUEST_SIZE)

    @property
    def module_name(self) -> str:
        """The user's module."""
        return self._module_name

    @property
    def model_server_timeout(self) -> int:
        """How long a call may take, in minutes."""
        return self._model_server_timeout

    @property
    def model_server_timeout_seconds(self) -> int | None:
        """The same in seconds, where it is given; it wins."""
        return self._model_server_timeout_seconds

    @property
    def model_server_workers(self) -> str | None:
        """Workers for each model."""
        return self._model_server_workers

    @property
    def startup_timeout(self) -> int:
        """How long the server may take to start, in seconds."""
        return self._startup_timeout

    @property
    def default_accept(self) -> str:
        """What callers get who do not say what they accept."""
        return self._default_accept

    @property
    def inference_http_port(self) -> str:
        """The port for inference."""
        return self._http_port

    @property
    def management_http_port(self) -> str:
        """The port for management: the same."""
        return self._http_port

    @property
    def safe_port_range(self) -> str | None:
        """Ports that may be used besides, as `first-last`."""
        return self._safe_port_range

    @property
    def vmargs(self) -> str | None:
        """Arguments for a Java machine: there is none here."""
        return self._vmargs

    @property
    def max_request_size(self) -> int | None:
        """The largest body that is accepted, in bytes."""
        size = self._max_request_size_in_mb
        return None if size is None else size * BYTES_IN_MB


def parse_module_name(program_param: str) -> str:
    """A module's name, which may be given as its file."""
    return program_param.removesuffix(".py")


def _number(name: str) -> int | None:
    value = os.environ.get(name)
    return None if value is None else int(value)
