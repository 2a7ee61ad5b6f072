"""Tells what a run() with @rawhttp sees of the request."""

from typing import Any

from azureml_inference_server_http.api.aml_request import AMLRequest, rawhttp
from azureml_inference_server_http.api.aml_response import AMLResponse


def init() -> None:
    pass


@rawhttp
def run(request: AMLRequest) -> Any:
    if request.args.get("about") == "json":
        return request.json
    seen: dict[str, Any] = {
        "method": request.method,
        "path": request.path,
        "full_path": request.full_path,
        "query": request.query_string.decode(),
        "args": request.args.to_dict(flat=False),
        "content_type": request.content_type,
        "mimetype": request.mimetype,
        "is_json": request.is_json,
        "length": len(request.get_data(False)) if not request.files else None,
        "header": request.headers.get("x-some-thing"),
        "form": request.form.to_dict(flat=False),
        "files": [
            [name, file.filename, file.content_type, file.read().hex()]
            for name, file in request.files.items()
        ],
    }
    return AMLResponse(seen, 200, {}, json_str=True)
