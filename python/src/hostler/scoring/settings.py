"""What a scoring server is told by its environment and its `config.json`; the environment wins."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_TIMEOUT_MS: Final = 3_600_000
SHORT_NAMES: Final = {
    "AML_APP_ROOT": "app_root",
    "AZUREML_SOURCE_DIRECTORY": "source_dir",
    "AZUREML_ENTRY_SCRIPT": "entry_script",
    "SERVICE_NAME": "service_name",
    "WORKSPACE_NAME": "workspace_name",
    "SERVICE_PATH_PREFIX": "service_path_prefix",
    "SERVICE_VERSION": "service_version",
    "SCORING_TIMEOUT_MS": "scoring_timeout",
    "AZUREML_LOG_LEVEL": "log_level",
    "AML_CORS_ORIGINS": "cors_origins",
    "AZUREML_MODEL_DIR": "azureml_model_dir",
}
"""Variable → the name that a config file may use instead."""


class SettingsError(Exception):
    """A variable or a config file is wrong; the message says which and why."""


class Settings(NamedTuple):
    """How a scoring script is found and served. Folders are as they were given."""

    app_root: str
    source_dir: str | None
    entry_script: str | None
    model_dir: str
    service_name: str
    service_version: str
    path_prefix: str
    timeout_ms: int
    log_level: str
    cors_origins: tuple[str, ...]


def read(variables: Mapping[str, str], app_root: str, entry_script: str | None) -> Settings:
    """The settings of a script.

    Args:
        variables: the environment.
        app_root: where the script's application lies.
        entry_script: the script, relative to it or absolute; None for what the config file names, or `main`.

    Raises:
        SettingsError: a value or the config file cannot be read.
    """
    written = _config_file(variables, app_root, entry_script)

    def find(variable: str, default: str | None) -> str | None:
        for source in (variables.get(variable), written.get(variable), written.get(SHORT_NAMES[variable])):
            if source is not None:
                return str(source)
        return default

    origins = find("AML_CORS_ORIGINS", "") or ""
    prefix = (find("SERVICE_PATH_PREFIX", "") or "").strip("/")
    return Settings(
        app_root=app_root,
        source_dir=find("AZUREML_SOURCE_DIRECTORY", None),
        entry_script=entry_script or find("AZUREML_ENTRY_SCRIPT", None),
        model_dir=find("AZUREML_MODEL_DIR", "") or "",
        service_name=find("SERVICE_NAME", "ML service") or "",
        service_version=find("SERVICE_VERSION", "1.0") or "",
        path_prefix=f"/{prefix}" if prefix else "",
        timeout_ms=_timeout(find("SCORING_TIMEOUT_MS", None)),
        log_level=_level(find("AZUREML_LOG_LEVEL", "INFO") or "INFO"),
        cors_origins=tuple(origin for part in origins.split(",") if (origin := part.strip())),
    )


def _config_file(variables: Mapping[str, str], app_root: str, entry_script: str | None) -> dict[str, object]:
    named = variables.get("AZUREML_CONFIG_FILE")
    folders = [app_root, os.path.dirname(os.path.join(app_root, entry_script)) if entry_script else None]
    candidates = [named, *(os.path.join(folder, "config.json") for folder in folders if folder)]
    path = next(
        (path for path in candidates if path and os.path.isfile(path) and os.path.getsize(path)), None
    )
    if path is None:
        return {}
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{path}: expected an object, got {type(content).__name__}")
    return content


def _timeout(text: str | None) -> int:
    if text is None:
        return DEFAULT_TIMEOUT_MS
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise SettingsError(
            f"SCORING_TIMEOUT_MS: expected a whole number of milliseconds from 1 up, got {text!r}"
        )
    return value


def _level(text: str) -> str:
    return text.upper() if text.upper() in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL") else "INFO"
