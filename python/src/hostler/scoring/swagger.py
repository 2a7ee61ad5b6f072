"""The description of a scoring service, in the versions of Swagger and OpenAPI that azmlinfsrv offers."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Final

from hostler.scoring import logs
from hostler.scoring.foreign import Foreign

if TYPE_CHECKING:
    from hostler.scoring.script import Script
    from hostler.scoring.settings import Settings

ALIASES: Final = {"2": ("2", "2.0"), "3": ("3", "3.0"), "3.1": ("3.1",)}
FILES: Final = {
    "2": ("swagger.json", "swagger2.json"),
    "3": ("swagger3.json",),
    "3.1": ("swagger3.1.json",),
}
EMPTY: Final = {"type": "object", "example": {}}
HEALTHY: Final = "If service is up and running, this response will be returned with the content 'Healthy'"
FAILED: Final = "The service failed to execute due to an error."
SCORED: Final = "The service processed the input correctly and provided a result prediction, if applicable."

Document = dict[str, Foreign]


def documents(script: Script, settings: Settings) -> dict[str, str]:
    """The documents by version and alias, as JSON. The application's own files go before generated ones."""
    found: dict[str, str] = {}
    prepared: list[str] = []
    skipped: list[str] = []
    for version, aliases in ALIASES.items():
        document = _read(settings.app_root, version) or _generate(script, settings, version)
        (skipped if document is None else prepared).append(version)
        if document is not None:
            found.update(dict.fromkeys(aliases, json.dumps(document)))
    if prepared and skipped:
        logs.server.getChild("swagger").info(
            "Swaggers are prepared for versions [%s] and skipped for versions [%s].",
            ", ".join(prepared),
            ", ".join(skipped),
        )
    elif prepared:
        listed = ", ".join(prepared)
        logs.server.getChild("swagger").info(
            "Swaggers are prepared for the following versions: [%s].", listed
        )
    else:
        logs.server.getChild("swagger").info("No swagger is prepared.")
    return found


def _read(folder: str, version: str) -> Document | None:
    for name in FILES[version]:
        path = os.path.join(folder, name)
        if not os.path.isfile(path):
            continue
        with open(path, encoding="utf-8") as file:
            document: Document = json.load(file)
        logs.server.getChild("swagger").info(
            "Loaded user's swagger file for version [%s] from %s", version, path
        )
        return document
    return None


def _generate(script: Script, settings: Settings, version: str) -> Document | None:
    schemas: Foreign = sys.modules.get("inference_schema.schema_util")
    given = returned = EMPTY
    if schemas is not None and schemas.is_schema_decorated(script.run):
        if set(ALIASES[version]).isdisjoint(schemas.get_supported_versions(script.run)):
            return None
        given, returned = schemas.get_input_schema(script.run), schemas.get_output_schema(script.run)
    definitions = {"ServiceInput": given, "ServiceOutput": returned, "ErrorResponse": _error_schema()}
    if version == "2":
        return _swagger(settings, definitions)
    return _openapi(settings, definitions, "3.0.3" if version == "3" else "3.1.0")


def _swagger(settings: Settings, definitions: Document) -> Document:
    health = {
        "200": {
            "description": HEALTHY,
            "schema": {"type": "string"},
            "examples": {"application/json": "Healthy"},
        },
        "default": _failure2(),
    }
    scored = {
        "200": {"description": SCORED, "schema": {"$ref": "#/definitions/ServiceOutput"}},
        "default": _failure2(),
    }
    told = {
        "200": {"description": "The Swagger specification.", "schema": {"type": "string"}},
        "default": _failure2(),
    }
    payload = {
        "name": "serviceInputPayload",
        "in": "body",
        "description": "The input payload for executing the real-time machine learning service.",
        "schema": {"$ref": "#/definitions/ServiceInput"},
    }
    version = {"name": "version", "in": "query", "required": False, "type": "integer", "enum": [2, 3]}
    return {
        "swagger": "2.0",
        "info": _info(settings),
        "schemes": ["https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {"Bearer": _bearer()},
        "paths": {
            f"{settings.path_prefix}/": {"get": {**_health(), "responses": health}},
            f"{settings.path_prefix}/score": {
                "post": {
                    **_score(),
                    "security": [{"Bearer": []}],
                    "parameters": [payload],
                    "responses": scored,
                }
            },
            f"{settings.path_prefix}/swagger.json": {
                "get": {**_specification(), "parameters": [version], "responses": told}
            },
        },
        "definitions": definitions,
    }


def _openapi(settings: Settings, schemas: Document, version: str) -> Document:
    health = {
        "200": {
            "description": HEALTHY,
            "content": {"text/plain": {"schema": {"type": "string", "example": "Healthy"}}},
        },
        "default": _failure3(),
    }
    scored = {"200": {"description": SCORED, "content": _content("ServiceOutput")}, "default": _failure3()}
    told = {
        "200": {
            "description": "The Swagger specification.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        "default": _failure3(),
    }
    body = {
        "description": "The input payload for executing the real-time machine learning service.",
        "content": _content("ServiceInput"),
    }
    operation = {**_score(), "security": [{"Bearer": []}], "requestBody": body, "responses": scored}
    parameter = {
        "name": "version",
        "in": "query",
        "required": False,
        "schema": {"type": "integer", "enum": [2, 3]},
    }
    return {
        "openapi": version,
        "info": _info(settings),
        "security": [{"Bearer": []}],
        "paths": {
            f"{settings.path_prefix}/": {"get": {**_health(), "responses": health}},
            f"{settings.path_prefix}/score": {"post": operation},
            f"{settings.path_prefix}/swagger.json": {
                "get": {**_specification(), "parameters": [parameter], "responses": told}
            },
        },
        "components": {"schemas": schemas, "securitySchemes": {"Bearer": _bearer()}},
    }


def _info(settings: Settings) -> Document:
    return {
        "title": settings.service_name,
        "description": f"API specification for the Azure Machine Learning service {settings.service_name}",
        "version": settings.service_version,
    }


def _health() -> Document:
    return {
        "operationId": "ServiceHealthCheck",
        "description": "Simple health check endpoint to ensure the service is up at any given point.",
    }


def _score() -> Document:
    return {
        "operationId": "RunMLService",
        "description": "Run web service's model and get the prediction output",
    }


def _specification() -> Document:
    return {"operationId": "GetSwaggerSpec", "description": "Get the Swagger specification."}


def _failure2() -> Document:
    return {"description": FAILED, "schema": {"$ref": "#/definitions/ErrorResponse"}}


def _failure3() -> Document:
    return {"description": FAILED, "content": _content("ErrorResponse")}


def _content(schema: str) -> Document:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _error_schema() -> Document:
    return {"type": "object", "properties": {"message": {"type": "string"}}}


def _bearer() -> Document:
    return {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "description": "For example: Bearer abc123",
    }
