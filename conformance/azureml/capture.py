"""Ask azure-ai-ml about the documents of cases.yaml and keep what it says in goldens.json.

    python -m venv /tmp/azureml && /tmp/azureml/bin/pip install "azure-ai-ml==1.35.*"
    /tmp/azureml/bin/python capture.py [DESTINATION]

A document is accepted if the loader takes it, and the checks that `create` makes before it sends anything.
Nothing is sent, no account is needed. Paths below files/ are kept relative to it, so that goldens are the
same on every machine.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from azure.ai.ml import load_environment, load_model, load_online_deployment, load_online_endpoint
from azure.ai.ml._restclient.arm_ml_service.models import InferenceContainerProperties
from azure.ai.ml._utils._endpoint_utils import validate_scoring_script
from azure.ai.ml.entities import (
    DeploymentCollection,
    Environment,
    ManagedIdentityConfiguration,
    Model,
    OnlineDeployment,
    OnlineEndpoint,
    ResourceSettings,
)
from azure.ai.ml.entities._endpoint._endpoint_helpers import validate_endpoint_or_deployment_name

HERE = Path(__file__).resolve().parent
FILES = HERE / "files"
BASE = "name: blue\nendpoint_name: my-endpoint\ninstance_type: Standard_DS3_v2\n"
MAPS_OF_TEXTS = ("tags", "properties", "environment_variables")
LOADERS = {
    "online-endpoint": load_online_endpoint,
    "online-deployment": load_online_deployment,
    "model": load_model,
    "environment": load_environment,
}


def plain(value: object) -> object:
    """Return JSON of an entity: public attributes, what is not set left out."""
    if isinstance(value, Environment):
        names = ("name", "version", "description", "tags", "properties", "image")
        more = ("conda_file", "build", "inference_config", "os_type")
        return fields(value, (*(names[2:] if value._is_anonymous else names), *more))
    if isinstance(value, Model):
        names = ("name", "version", "type", "path", "description", "stage", "tags", "properties")
        return fields(value, names if not value._is_anonymous else names[2:])
    if isinstance(value, InferenceContainerProperties):
        routes = ("liveness_route", "readiness_route", "scoring_route")
        found = {name: getattr(value, name) for name in routes}
        return {name: {"port": route.port, "path": route.path} for name, route in found.items()}
    if isinstance(value, DeploymentCollection):
        return fields(value, ("enabled", "data", "client_id"))
    if isinstance(value, ManagedIdentityConfiguration):
        return fields(value, ("resource_id", "client_id", "object_id"))
    if isinstance(value, ResourceSettings):
        found = {"cpu": value.cpu, "memory": value.memory, "nvidia.com/gpu": value.gpu}
        return {name: quantity for name, quantity in found.items() if quantity is not None}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, os.PathLike) or (isinstance(value, str) and value.startswith(str(FILES))):
        return relative(str(value))
    if hasattr(value, "__dict__") and not isinstance(value, (str, int, float)):
        return {
            name: plain(item)
            for name, item in vars(value).items()
            if not name.startswith("_") and item is not None
        }
    return value


def fields(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    found = {name: getattr(value, name, None) for name in names}
    shown = {
        name: as_sent(item) if name in MAPS_OF_TEXTS else plain(item)
        for name, item in found.items()
        if item is not None
    }
    return {name: item for name, item in shown.items() if item not in ({}, [])}


def as_sent(texts: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping of texts as the service gets it: numbers and truths become text on the way."""
    return {str(key): item if isinstance(item, (dict, list)) else str(item) for key, item in texts.items()}


def relative(path: str) -> str:
    return os.path.relpath(path, FILES)


def normal(entity: object) -> dict[str, Any]:
    if isinstance(entity, OnlineEndpoint):
        names = ("name", "description", "tags", "properties", "auth_mode", "traffic", "mirror_traffic")
        return fields(entity, (*names, "public_network_access", "identity", "compute"))
    if isinstance(entity, OnlineDeployment):
        names = ("name", "endpoint_name", "description", "tags", "model", "model_mount_path")
        more = ("environment", "environment_variables", "instance_type", "instance_count")
        rest = ("scale_settings", "request_settings", "liveness_probe", "readiness_probe")
        last = ("resources", "data_collector", "egress_public_network_access", "app_insights_enabled")
        found = fields(entity, (*names, *more, *rest, *last))
        code = entity.code_configuration
        if code is not None:
            script = {"scoring_script": code.scoring_script} if code.scoring_script else {}
            folder = {"code": relative(str(FILES / code.code))} if code.code else {}
            found["code_configuration"] = {**folder, **script}
        return found
    return plain(entity)


def check_as_create_does(entity: object) -> None:
    if isinstance(entity, (OnlineEndpoint, OnlineDeployment)):
        validate_endpoint_or_deployment_name(entity.name, is_deployment=isinstance(entity, OnlineDeployment))
    if not isinstance(entity, OnlineDeployment):
        return
    if hasattr(entity, "_validate"):
        entity._validate()
    if entity.code_configuration is not None:
        entity.code_configuration._validate()
        if entity.code_configuration.code and not str(entity.code_configuration.code).startswith("azureml:"):
            validate_scoring_script(entity)


def ask(case: dict[str, Any]) -> dict[str, Any]:
    text = (BASE if case.get("base") else "") + case["text"]
    overrides = [{path: value} for path, value in case.get("set", [])]
    try:
        entity = LOADERS[case["kind"]](
            io.StringIO(text), relative_origin=str(FILES / "document.yml"), params_override=overrides
        )
        check_as_create_does(entity)
    except Exception as error:
        return {"accepted": False, "says": first_line(error)}
    return {"accepted": True, "normal": normal(entity)}


def first_line(error: Exception) -> str:
    text = " ".join(str(error).replace(f"{HERE}/", "").split())
    text = re.sub(r"<_io.StringIO object at 0x[0-9a-f]+>", "<the file>", text)
    return f"{type(error).__name__}: {text[:160]}"


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    destination = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "goldens.json"
    cases = yaml.safe_load((HERE / "cases.yaml").read_text(encoding="utf-8"))
    answers = {case["name"]: ask(case) for case in cases}
    golden = {"azure-ai-ml": version("azure-ai-ml"), "answers": answers}
    text = json.dumps(golden, indent=2, ensure_ascii=False, default=str)
    destination.write_text(f"{text}\n", encoding="utf-8")
    accepted = sum(answer["accepted"] for answer in answers.values())
    print(f"{len(answers)} answers of azure-ai-ml {golden['azure-ai-ml']}, {accepted} accepted")


if __name__ == "__main__":
    main()
