"""Returns the headers that it gets."""


def init() -> None:
    pass


def run(data: str, request_headers: dict[str, str]) -> dict[str, object]:
    own = {key: value for key, value in request_headers.items() if key.startswith("X-")}
    return {"data": data, "headers": dict(sorted(own.items())), "type": request_headers.get("Content-Type")}
