"""SageMaker inference toolkit handler for Multi Model Server: a file tells which framework it needs."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from peer_models import Predict, load, matrix

service_module: Any = import_module("sagemaker_inference.default_handler_service")
transformer_module: Any = import_module("sagemaker_inference.transformer")


class InferenceHandler:
    """The four functions that the toolkit's Transformer asks its handler for."""

    def default_model_fn(self, model_dir: str, context: Any = None) -> Predict:
        return load(Path(model_dir))

    def default_input_fn(self, data: Any, content_type: str, context: Any = None) -> Any:
        return matrix(json.loads(data))

    def default_predict_fn(self, data: Any, model: Predict, context: Any = None) -> Any:
        return model(data)

    def default_output_fn(self, prediction: Any, accept: str, context: Any = None) -> str:
        return json.dumps(prediction.tolist())


transformer = transformer_module.Transformer(default_inference_handler=InferenceHandler())
service = service_module.DefaultHandlerService(transformer=transformer)
initialized = False


def handle(data: Any, context: Any) -> Any:
    global initialized
    if not initialized:
        service.initialize(context)
        initialized = True
    return service.handle(data, context) if data is not None else None
