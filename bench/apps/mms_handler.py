"""SageMaker inference toolkit handler for Multi Model Server: a file tells which framework it needs."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from peer_models import Array, Predict, load, matrix

Context = Any  # Multi Model Server's
service_module: Any = import_module("sagemaker_inference.default_handler_service")
transformer_module: Any = import_module("sagemaker_inference.transformer")


class InferenceHandler:
    """The four functions that the toolkit's Transformer asks its handler for."""

    def default_model_fn(self, model_dir: str, context: Context = None) -> Predict:
        return load(Path(model_dir))

    def default_input_fn(self, data: bytes, content_type: str, context: Context = None) -> Array:
        return matrix(json.loads(data))

    def default_predict_fn(self, data: Array, model: Predict, context: Context = None) -> Array:
        return model(data)

    def default_output_fn(self, prediction: Array, accept: str, context: Context = None) -> str:
        return json.dumps(prediction.tolist())


transformer = transformer_module.Transformer(default_inference_handler=InferenceHandler())
service = service_module.DefaultHandlerService(transformer=transformer)
initialized = False


def handle(data: list[dict[str, bytes]] | None, context: Context) -> list[str] | None:
    global initialized
    if not initialized:
        service.initialize(context)
        initialized = True
    if data is None:
        return None
    answers: list[str] = service.handle(data, context)
    return answers
