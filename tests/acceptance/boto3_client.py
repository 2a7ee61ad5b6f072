"""What somebody does with boto3 and a multi-model endpoint, step by step; prints what was seen as JSON."""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError, WaiterError

if TYPE_CHECKING:
    from collections.abc import Callable

# boto3 makes its clients while it runs: neither they nor their answers have types.
Client = Any
Answer = dict[str, Any]

POLL = {"Delay": 1, "MaxAttempts": 120}

sagemaker: Client = boto3.client("sagemaker")
runtime: Client = boto3.client("sagemaker-runtime", config=Config(max_pool_connections=16, read_timeout=70))


def error_of(call: Callable[..., object], *args: object, **kwargs: object) -> list[object] | None:
    try:
        call(*args, **kwargs)
    except ClientError as error:
        answer = error.response
        meta = answer["ResponseMetadata"]
        extra = {key: answer[key] for key in ("OriginalStatusCode", "OriginalMessage") if key in answer}
        return [type(error).__name__, meta["HTTPStatusCode"], answer["Error"]["Message"], extra]
    return None


def invoke(endpoint: str, data: object, **more: str) -> tuple[object, Answer]:
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint, ContentType="application/json", Body=json.dumps(data), **more
    )
    return json.loads(answer["Body"].read()), answer


def create(
    name: str,
    variants: list[tuple[str, str, float]],
    config: dict[str, object] | None = None,
    **container: object,
) -> None:
    models: dict[str, str] = {}
    for _, model, _ in variants:
        if model not in models:
            models[model] = sagemaker.create_model(ModelName=model, PrimaryContainer=container)["ModelArn"]
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": variant,
                "ModelName": model,
                "InitialInstanceCount": 1,
                "InstanceType": "local",
                "InitialVariantWeight": weight,
            }
            for variant, model, weight in variants
        ],
        **(config or {}),
    )
    sagemaker.create_endpoint(
        EndpointName=name, EndpointConfigName=name, Tags=[{"Key": "team", "Value": "a"}]
    )
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=POLL)


def many_models(prefix: str, count: int) -> dict[str, object]:
    container: dict[str, Any] = {
        "Image": "000000000000.dkr.ecr.us-east-1.amazonaws.com/many:1",
        "Mode": "MultiModel",
        "ModelDataUrl": prefix,
        "Environment": {"HOSTLER_MEMORY_BUDGET": "400MiB"},
    }
    create("many", [("AllTraffic", "many", 1)], **container)
    described = sagemaker.describe_endpoint(EndpointName="many")
    order = list(range(1, count + 1)) + random.Random(1).choices(range(1, count + 1), k=50)

    def one(number: int) -> bool:
        return invoke("many", [1, 2], TargetModel=f"model-{number}.tar.gz")[0] == [number, 2 * number]

    with ThreadPoolExecutor(8) as pool:
        right = list(pool.map(one, order))
    _, answer = invoke("many", [1], TargetModel="model-3.tar.gz", InferenceId="my-id", CustomAttributes="c")
    started = time.monotonic()
    invoke("many", [1], TargetModel="model-3.tar.gz")
    warm = time.monotonic() - started
    return {
        "status": described["EndpointStatus"],
        "variant": described["ProductionVariants"][0]["VariantName"],
        "right": sum(right),
        "of": len(order),
        "nested": invoke("many", [1], TargetModel="team/seven.tar.gz")[0],
        "accented": invoke("many", [1], TargetModel="team/\u00e9t\u00e9.tar.gz")[0],
        "invoked": answer["InvokedProductionVariant"],
        "content_type": answer["ContentType"],
        "warm_is_fast": warm < 0.5,
    }


def too_large(prefix: str) -> list[object] | None:
    """What is said of a model that would not fit if it were alone."""
    environment = {"HOSTLER_MEMORY_BUDGET": "1MiB"}
    create(
        "tiny", [("a", "tiny", 1)], Image="x", Mode="MultiModel", ModelDataUrl=prefix, Environment=environment
    )
    call, model = runtime.invoke_endpoint, "model-1.tar.gz"
    seen = error_of(call, EndpointName="tiny", TargetModel=model, ContentType="application/json", Body="[1]")
    sagemaker.delete_endpoint(EndpointName="tiny")
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="tiny", WaiterConfig=POLL)
    sagemaker.delete_endpoint_config(EndpointConfigName="tiny")
    sagemaker.delete_model(ModelName="tiny")
    return seen


def errors(prefix: str) -> dict[str, object]:
    body = {"ContentType": "application/json", "Body": "[1]"}
    call = runtime.invoke_endpoint
    one = {"EndpointName": "many", "TargetModel": "model-1.tar.gz", **body}
    return {
        "too large": too_large(prefix),
        "component": error_of(call, **one, InferenceComponentName="c"),
        "attributes too long": error_of(call, **one, CustomAttributes="a" * 1025),
        "a header that is none": error_of(call, **{**one, "Body": '"header"'}),
        "no such model": error_of(call, EndpointName="many", TargetModel="nope.tar.gz", **body),
        "no target": error_of(call, EndpointName="many", **body),
        "outside": error_of(call, EndpointName="many", TargetModel="../secret.tar.gz", **body),
        "no such endpoint": error_of(call, EndpointName="nobody", **body),
        "no such variant": error_of(
            call, EndpointName="many", TargetVariant="x", TargetModel="model-1.tar.gz", **body
        ),
        "bad input": error_of(
            call, EndpointName="many", TargetModel="model-1.tar.gz", ContentType="application/json", Body="{"
        ),
        "does not load": error_of(call, EndpointName="many", TargetModel="broken.tar.gz", **body),
        "dies": error_of(
            call,
            EndpointName="many",
            TargetModel="model-1.tar.gz",
            ContentType="application/json",
            Body='"die"',
        ),
        "serves again": invoke("many", [1], TargetModel="model-1.tar.gz")[0],
        "describe nobody": error_of(sagemaker.describe_endpoint, EndpointName="nobody"),
        "taken": error_of(sagemaker.create_model, ModelName="many", PrimaryContainer={"Image": "x"}),
        "bad name": error_of(sagemaker.create_model, ModelName="no_name!", PrimaryContainer={"Image": "x"}),
        "unknown operation": error_of(sagemaker.list_training_jobs),
    }


def weights(models: str) -> dict[str, object]:
    container: dict[str, Any] = {"Image": "any:1", "ModelDataUrl": f"{models}/model-2.tar.gz"}
    create("split", [("a", "two", 0.9), ("b", "two", 0.1)], **container)
    before = Counter(invoke("split", [1])[1]["InvokedProductionVariant"] for _ in range(200))
    pinned = invoke("split", [1], TargetVariant="b")[1]["InvokedProductionVariant"]
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="split",
        DesiredWeightsAndCapacities=[
            {"VariantName": "a", "DesiredWeight": 1},
            {"VariantName": "b", "DesiredWeight": 3, "DesiredInstanceCount": 2},
        ],
    )
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="split", WaiterConfig=POLL)
    after = Counter(invoke("split", [1])[1]["InvokedProductionVariant"] for _ in range(100))
    described = sagemaker.describe_endpoint(EndpointName="split")["ProductionVariants"]
    target = error_of(
        runtime.invoke_endpoint,
        EndpointName="split",
        TargetModel="model-1.tar.gz",
        Body="[1]",
        ContentType="application/json",
    )
    return {
        "before": before,
        "pinned": pinned,
        "after": after,
        "described": [
            [one["VariantName"], one["CurrentWeight"], one["CurrentInstanceCount"]] for one in described
        ],
        "target of a single model": target,
    }


def update(models: str) -> dict[str, object]:
    """Blue to green under load: no call fails; a plan that cannot come up leaves the old one."""
    sagemaker.create_model(
        ModelName="five", PrimaryContainer={"Image": "any:1", "ModelDataUrl": f"{models}/model-5.tar.gz"}
    )
    sagemaker.create_model(
        ModelName="missing", PrimaryContainer={"Image": "any:1", "ModelDataUrl": f"{models}/nope.tar.gz"}
    )
    for name in ("five", "missing"):
        variant = {"VariantName": "a", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "local"}
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.update_endpoint(EndpointName="split", EndpointConfigName="five")
    during = error_of(sagemaker.update_endpoint, EndpointName="split", EndpointConfigName="five")
    seen = []
    while sagemaker.describe_endpoint(EndpointName="split")["EndpointStatus"] == "Updating":
        seen.append(invoke("split", [1])[0])
    now = invoke("split", [1])[0]
    sagemaker.update_endpoint(EndpointName="split", EndpointConfigName="missing")
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="split", WaiterConfig=POLL)
    kept = sagemaker.describe_endpoint(EndpointName="split")
    sagemaker.create_endpoint(EndpointName="never", EndpointConfigName="missing")
    try:
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="never", WaiterConfig=POLL)
        failed = "in service"
    except WaiterError as error:
        failed = error.last_response["EndpointStatus"]
    return {
        "during": during,
        "all_answered": all(one in ([2], [5]) for one in seen),
        "now": now,
        "kept": [kept["EndpointConfigName"], kept["FailureReason"], invoke("split", [1])[0]],
        "failed": failed,
    }


def stream() -> dict[str, object]:
    answer = runtime.invoke_endpoint_with_response_stream(
        EndpointName="split", ContentType="application/json", Accept="application/json", Body="[3]"
    )
    parts = [event["PayloadPart"]["Bytes"].decode() for event in answer["Body"]]
    try:
        runtime.invoke_endpoint_with_response_stream(
            EndpointName="split", ContentType="application/json", Body="{"
        )
        failure = None
    except (ClientError, EventStreamError) as error:
        failure = type(error).__name__
    return {"text": "".join(parts), "content_type": answer["ContentType"], "failure": failure}


def asynchronous(models: str, folder: str) -> dict[str, object]:
    output = f"{folder}/out"
    config: dict[str, object] = {
        "AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": f"file://{output}"}}
    }
    create("later", [("a", "two-later", 1)], config, Image="any:1", ModelDataUrl=f"{models}/model-2.tar.gz")
    Path(folder).mkdir(parents=True, exist_ok=True)
    (Path(folder) / "in.json").write_text("[4]")
    (Path(folder) / "bad.json").write_text("{")

    def call(name: str, inference_id: str) -> Answer:
        answer: Answer = runtime.invoke_endpoint_async(
            EndpointName="later",
            ContentType="application/json",
            InputLocation=f"file://{folder}/{name}",
            InferenceId=inference_id,
        )
        return answer

    good, bad = call("in.json", "good"), call("bad.json", "bad")
    return {
        "status": good["ResponseMetadata"]["HTTPStatusCode"],
        "id": good["InferenceId"],
        "answer": content_of(good["OutputLocation"]),
        "failure": "Received error" in content_of(bad["FailureLocation"]),
        "synchronous": error_of(runtime.invoke_endpoint, EndpointName="later", Body="[1]"),
    }


def content_of(location: str) -> str:
    path = Path(location.removeprefix("file://"))
    for _ in range(300):
        if path.exists():
            return path.read_text()
        time.sleep(0.1)
    return "nothing"


def lists() -> dict[str, object]:
    arn = sagemaker.describe_endpoint(EndpointName="many")["EndpointArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "live"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["team"])
    pages = sagemaker.get_paginator("list_models").paginate(
        PaginationConfig={"PageSize": 2}, SortBy="Name", SortOrder="Ascending"
    )
    return {
        "models": [model["ModelName"] for page in pages for model in page["Models"]],
        "endpoints": [
            one["EndpointName"] for one in sagemaker.list_endpoints(StatusEquals="Failed")["Endpoints"]
        ],
        "configs": len(sagemaker.list_endpoint_configs(NameContains="s")["EndpointConfigs"]),
        "tags": sagemaker.list_tags(ResourceArn=arn)["Tags"],
        "model": sagemaker.describe_model(ModelName="two")["PrimaryContainer"]["Image"],
    }


def remove() -> dict[str, object]:
    for name in ("split", "later", "never"):
        sagemaker.delete_endpoint(EndpointName=name)
    for name in ("split", "later", "never"):
        sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=POLL)
    sagemaker.delete_endpoint_config(EndpointConfigName="split")
    sagemaker.delete_model(ModelName="two")
    return {
        "left": [one["EndpointName"] for one in sagemaker.list_endpoints()["Endpoints"]],
        "again": error_of(sagemaker.delete_model, ModelName="two"),
    }


def main() -> None:
    prefix, count, scratch = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    models = prefix.rstrip("/")
    seen = {
        "many": many_models(prefix, count),
        "errors": errors(prefix),
        "weights": weights(models),
        "update": update(models),
        "stream": stream(),
        "async": asynchronous(models, f"{scratch}/async"),
        "lists": lists(),
        "remove": remove(),
    }
    print(json.dumps(seen, default=str))


main()
