"""A hand-written V2 endpoint, the fast way: raw body, orjson, predict on the event loop."""

from importlib import import_module
from typing import Any

from peer_models import load_all, matrix

fastapi: Any = import_module("fastapi")
orjson: Any = import_module("orjson")
models = load_all()
FastApi = Any  # an object of a library that no check can see


async def infer(name: str, request: FastApi) -> FastApi:
    if name not in models:
        raise fastapi.HTTPException(404)
    tensor = orjson.loads(await request.body())["inputs"][0]
    result = models[name](matrix(tensor["data"]).reshape(tensor["shape"]))
    output = {"name": "predict", "shape": list(result.shape), "datatype": "FP32", "data": result.tolist()}
    return fastapi.Response(
        orjson.dumps({"model_name": name, "outputs": [output]}), media_type="application/json"
    )


infer.__annotations__["request"] = (
    fastapi.Request
)  # how FastAPI knows that it shall hand over the raw request
app = fastapi.FastAPI()
app.post("/v2/models/{name}/infer", response_model=None)(infer)
