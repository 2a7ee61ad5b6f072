"""A multi-model endpoint with its models in S3, asynchronous answers there, and a shadow; prints JSON."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

# boto3 makes its clients while it runs: they have no types.
Client = Any

POLL = {"Delay": 1, "MaxAttempts": 120}

s3: Client = boto3.client("s3")
sagemaker: Client = boto3.client("sagemaker")
runtime: Client = boto3.client("sagemaker-runtime")


def variant(name: str, model: str, weight: float = 1.0) -> dict[str, object]:
    return {
        "VariantName": name,
        "ModelName": model,
        "InitialInstanceCount": 1,
        "InstanceType": "local",
        "InitialVariantWeight": weight,
    }


def create(name: str, **config: object) -> None:
    sagemaker.create_endpoint_config(EndpointConfigName=name, **config)
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=POLL)


def object_at(location: str) -> str:
    bucket, key = location.removeprefix("s3://").split("/", 1)
    for _ in range(300):
        try:
            text: str = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
            return text
        except ClientError:
            time.sleep(0.1)
    return "nothing"


def main() -> None:
    folder = Path(sys.argv[1])
    s3.create_bucket(Bucket="models")
    for path in folder.glob("*.tar.gz"):
        s3.upload_file(str(path), "models", f"many/{path.name}")
    many = {"Image": "any:1", "Mode": "MultiModel", "ModelDataUrl": "s3://models/many/"}
    sagemaker.create_model(ModelName="s3-models", PrimaryContainer=many)
    single = {"Image": "any:1", "ModelDataUrl": "s3://models/many/model-2.tar.gz"}
    sagemaker.create_model(ModelName="s3-single", PrimaryContainer=single)
    create(
        "s3-many",
        ProductionVariants=[variant("a", "s3-models")],
        ShadowProductionVariants=[variant("s", "s3-models", 0.5)],
    )
    body = {"ContentType": "application/json", "Body": "[10]"}

    def ask(model: str) -> object:
        return json.loads(
            runtime.invoke_endpoint(EndpointName="s3-many", TargetModel=model, **body)["Body"].read()
        )

    answers = [ask(f"model-{number}.tar.gz") for number in (1, 2, 3, 1)]
    # Deleted in S3: what is in memory goes on, as AWS has it.
    s3.delete_object(Bucket="models", Key="many/model-3.tar.gz")
    kept = ask("model-3.tar.gz")
    missing: Any
    try:
        ask("model-999.tar.gz")
        missing = None
    except runtime.exceptions.ClientError as error:
        missing = error.response["Error"]
    output = {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://models/out"}}}
    create("s3-later", ProductionVariants=[variant("a", "s3-single")], **output)
    s3.put_object(Bucket="models", Key="in.json", Body=b"[21]")
    ticket = runtime.invoke_endpoint_async(
        EndpointName="s3-later", ContentType="application/json", InputLocation="s3://models/in.json"
    )
    seen = {
        "answers": answers,
        "kept": kept,
        "missing": [missing["Code"], missing["Message"]],
        "async": object_at(ticket["OutputLocation"]),
        "prefix": ticket["OutputLocation"].startswith("s3://models/out/"),
    }
    print(json.dumps(seen))


main()
