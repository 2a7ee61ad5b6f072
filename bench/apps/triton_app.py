"""Triton through pytriton: the real tritonserver with its Python backend and dynamic batching."""

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

from peer_models import Array, Predict, load_all

np: Any = import_module("numpy")
decorators: Any = import_module("pytriton.decorators")
model_config: Any = import_module("pytriton.model_config")
pytriton: Any = import_module("pytriton.triton")

FEATURES = {"mnist-svm": 64, "mushroom-xgboost": 126}


def bindable(predict: Predict) -> Callable[..., dict[str, Array]]:
    def run(**inputs: Array) -> dict[str, Array]:
        (rows,) = inputs.values()
        return {"output": np.asarray(predict(rows), dtype=np.float32).reshape(-1, 1)}

    batched: Callable[..., dict[str, Array]] = decorators.batch(run)
    return batched


def main() -> None:
    port = int(os.environ["PORT"])
    ports = {"http_port": port, "grpc_port": port + 1, "metrics_port": port + 2}
    config = pytriton.TritonConfig(**ports, http_address="127.0.0.1", grpc_address="127.0.0.1")
    batching = model_config.ModelConfig(
        max_batch_size=1024, batching=True, batcher=model_config.DynamicBatcher()
    )
    with pytriton.Triton(config=config) as triton:
        for name, predict in load_all().items():
            triton.bind(
                model_name=name,
                infer_func=bindable(predict),
                inputs=[
                    model_config.Tensor(name="predict", dtype=np.float32, shape=(FEATURES.get(name, 30),))
                ],
                outputs=[model_config.Tensor(name="output", dtype=np.float32, shape=(1,))],
                config=batching,
            )
        triton.serve()


main()
