"""What a user of azure-ai-ml writes, against whatever AZUREML_DEV_URL_MFE names. Prints one JSON object.

Nothing in here knows hostler: only the environment's variables do, and the credential, which Azure would have
checked.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    BuildContext,
    CodeConfiguration,
    Environment,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
    OnlineRequestSettings,
    ProbeSettings,
)
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

NAME = "sdk-endpoint"

SCORE = """
import json
import os

def init():
    global factor
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model", "factor.json")) as file:
        factor = json.load(file)
    print("factor is", factor)

def run(data):
    return {"deployment": os.environ["COLOUR"], "result": [factor * x for x in json.loads(data)["data"]]}
"""


BROKEN_SCORE = """
def init():
    raise ValueError("no such luck")

def run(data):
    return data
"""


class AnyToken:
    """A credential for a server that asks for one and does not mind which."""

    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        return AccessToken("any", int(time.time()) + 3600)


def write_inputs(folder: Path) -> None:
    for colour, factor in (("blue", 2), ("green", 3)):
        model = folder / colour / "model"
        model.mkdir(parents=True)
        (model / "factor.json").write_text(json.dumps(factor))
        code = folder / colour / "src"
        code.mkdir()
        (code / "score.py").write_text(SCORE)
    (folder / "request.json").write_text(json.dumps({"data": [1, 2]}))
    context = folder / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM scratch\n")
    # Larger than what the storage client sends in one piece.
    (folder / "large.bin").write_bytes(bytes(range(256)) * (65 * 4096))


def deployment(folder: Path, colour: str) -> ManagedOnlineDeployment:
    return ManagedOnlineDeployment(
        name=colour,
        endpoint_name=NAME,
        model=Model(path=str(folder / colour / "model")),
        code_configuration=CodeConfiguration(code=str(folder / colour / "src"), scoring_script="score.py"),
        environment=Environment(
            image="mcr.microsoft.com/azureml/minimal-py312-inference:latest",
            conda_file={"name": "e", "dependencies": ["python=3.11"]},
        ),
        environment_variables={"COLOUR": colour},
        instance_type="Standard_DS3_v2",
        instance_count=1,
        request_settings=OnlineRequestSettings(request_timeout_ms=90_000),
        readiness_probe=ProbeSettings(initial_delay=1, period=1),
    )


def deploy(client: MLClient, folder: Path) -> dict[str, Any]:
    endpoint = ManagedOnlineEndpoint(
        name=NAME, auth_mode="key", description="made by a script", tags={"a": "b"}
    )
    begun = time.monotonic()
    created = client.online_endpoints.begin_create_or_update(endpoint).result()
    seen: dict[str, Any] = {
        "endpoint_seconds": time.monotonic() - begun,
        "endpoint": [created.provisioning_state, created.auth_mode, created.tags, created.description],
        "scoring_uri": created.scoring_uri,
    }
    for colour in ("blue", "green"):
        made = client.online_deployments.begin_create_or_update(deployment(folder, colour)).result()
        timeout = made.request_settings.request_timeout_ms
        seen[colour] = [made.provisioning_state, made.instance_count, timeout]
    created.traffic = {"blue": 80, "green": 20}
    client.online_endpoints.begin_create_or_update(created).result()
    seen["traffic"] = client.online_endpoints.get(NAME).traffic
    return seen


def use(client: MLClient, folder: Path) -> dict[str, Any]:
    request = str(folder / "request.json")
    answers = [json.loads(client.online_endpoints.invoke(NAME, request_file=request)) for _ in range(20)]
    pinned = client.online_endpoints.invoke(NAME, request_file=request, deployment_name="green")
    keys = client.online_endpoints.get_keys(NAME)
    client.online_endpoints.begin_regenerate_keys(NAME, key_type="primary").result()
    renewed = client.online_endpoints.get_keys(NAME)
    return {
        "by_traffic": Counter(answer["deployment"] for answer in answers),
        "pinned": json.loads(pinned),
        "logs": client.online_deployments.get_logs("blue", NAME, lines=50),
        "keys_changed": [
            keys.primary_key != renewed.primary_key,
            keys.secondary_key != renewed.secondary_key,
        ],
    }


def update_and_list(client: MLClient) -> dict[str, Any]:
    blue = client.online_deployments.get("blue", NAME)
    blue.tags = {"stage": "live"}
    blue.instance_count = 2
    updated = client.online_deployments.begin_create_or_update(blue).result()
    return {
        "updated": [updated.provisioning_state, updated.instance_count, updated.tags],
        "endpoints": [found.name for found in client.online_endpoints.list()],
        "deployments": sorted(found.name for found in client.online_deployments.list(NAME)),
        "environment": blue.environment.split("/")[-3:-2],
        "workspace": client.workspaces.get().location,
    }


def register(client: MLClient, folder: Path) -> dict[str, Any]:
    first = client.models.create_or_update(Model(name="factor", path=str(folder / "blue" / "model")))
    second = client.models.create_or_update(Model(name="factor", path=str(folder / "green" / "model")))
    large = client.models.create_or_update(Model(name="large", version="7", path=str(folder / "large.bin")))
    second.tags = {"good": "yes"}
    client.models.create_or_update(second)
    client.models.download("large", "7", download_path=str(folder / "download"))
    # The client makes a folder of the file's name around it.
    downloaded = next(path for path in (folder / "download").rglob("large.bin") if path.is_file())
    client.models.archive("factor", version="1")
    built = client.environments.create_or_update(
        Environment(name="built", build=BuildContext(path=str(folder / "context")))
    )
    try:
        client.models.create_or_update(Model(name="large", version="7", path=str(folder / "request.json")))
        conflict = "none"
    except Exception as error:
        conflict = type(error).__name__
    return {
        "versions": [first.version, second.version, large.version],
        "latest": client.models.get("factor", label="latest").version,
        "tags": client.models.get("factor", "2").tags,
        "listed": [found.version for found in client.models.list("factor")],
        "names": sorted(found.name for found in client.models.list()),
        "is_download_equal": downloaded.read_bytes() == (folder / "large.bin").read_bytes(),
        "built": [built.version, built.build.dockerfile_path],
        "conflict": conflict,
    }


def fail(client: MLClient, folder: Path) -> dict[str, Any]:
    broken = deployment(folder, "blue")
    broken.name = "broken"
    (folder / "blue" / "src" / "score.py").write_text(BROKEN_SCORE)
    try:
        client.online_deployments.begin_create_or_update(broken).result()
        reason = ""
    except HttpResponseError as error:
        reason = str(error)
    state = client.online_deployments.get("broken", NAME).provisioning_state
    client.online_deployments.begin_delete("broken", NAME).result()
    return {"reason": reason, "state": state}


def remove(client: MLClient) -> dict[str, Any]:
    endpoint = client.online_endpoints.get(NAME)
    endpoint.traffic = {"green": 100}
    client.online_endpoints.begin_create_or_update(endpoint).result()
    client.online_deployments.begin_delete("blue", NAME).result()
    left = [found.name for found in client.online_deployments.list(NAME)]
    client.online_endpoints.begin_delete(NAME).result()
    try:
        client.online_endpoints.get(NAME)
        is_gone = False
    except ResourceNotFoundError:
        is_gone = True
    return {"left": left, "is_gone": is_gone}


def main() -> None:
    folder = Path(sys.argv[1])
    write_inputs(folder)
    client = MLClient(AnyToken(), "any-subscription", "any-group", "any-workspace", enable_telemetry=False)
    results = {
        "deploy": deploy(client, folder),
        "use": use(client, folder),
        "update": update_and_list(client),
        "register": register(client, folder),
        "fail": fail(client, folder),
        "remove": remove(client),
    }
    # The client prints progress on the same stream.
    print("\n" + json.dumps(results))


if __name__ == "__main__":
    main()
