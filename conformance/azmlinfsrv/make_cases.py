"""The requests: prints cases.json, which both languages read."""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

JSON = {"content-type": "application/json"}
CASES: list[dict[str, Any]] = []
SERVERS: dict[str, dict[str, Any]] = {
    "echo": {"script": "echo.py"},
    "values": {"script": "values.py"},
    "raw": {"script": "raw.py"},
    "headers": {"script": "headers.py"},
    "standard": {"script": "standard.py"},
    "arrays": {"script": "arrays.py"},
    "tables": {"script": "tables.py"},
    "stream": {"script": "stream.py"},
    "slow": {"script": "slow.py", "environment": {"SCORING_TIMEOUT_MS": "100"}},
    "cors": {
        "script": "echo.py",
        "arguments": ["--access_control_allow_origins", "http://a.example, http://b.example"],
    },
    "cors-any": {"script": "echo.py", "environment": {"AML_CORS_ORIGINS": "*"}},
    "quiet": {"script": "echo.py", "environment": {"SERVER_VERSION_LOG_RESPONSE_ENABLED": "notgood"}},
    "named": {
        "script": "echo.py",
        "environment": {
            "SERVICE_NAME": "Näme",
            "SERVICE_VERSION": "7",
            "SERVICE_PATH_PREFIX": "/some/prefix/",
        },
    },
}


def add(
    server: str,
    name: str,
    method: str,
    target: str,
    headers: dict[str, str] | None = None,
    body: str | bytes = "",
) -> None:
    data = body if isinstance(body, bytes) else body.encode()
    case: dict[str, Any] = {"name": f"{server}-{name}", "server": server, "method": method, "target": target}
    case["headers"] = headers or {}
    case["body"] = base64.b64encode(data).decode()
    CASES.append(case)


def post(server: str, name: str, body: Any, headers: dict[str, str] | None = None) -> None:
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    add(server, name, "POST", "/score", JSON if headers is None else headers, text)


def routes() -> None:
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"):
        add("echo", f"health-{method.lower()}", method, "/")
        add("echo", f"swagger-{method.lower()}", method, "/swagger.json")
    for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
        add("echo", f"score-{method.lower()}", method, "/score")
    for name, path in {
        "slash": "/score/",
        "unknown": "/nothing",
        "below": "/score/x",
        "case": "/Score",
    }.items():
        add("echo", f"path-{name}", "POST", path, JSON, "{}")
    add("echo", "health-query", "GET", "/?a=1")
    for version in ("2", "2.0", "3", "3.0", "3.1", "4", ""):
        for server in ("echo", "standard", "arrays", "tables", "named"):
            if server == "echo" or version in ("2", "3", "3.1"):
                add(
                    server, f"swagger-version-{version or 'empty'}", "GET", f"/swagger.json?version={version}"
                )


def texts() -> None:
    post("echo", "json", {"a": [1, "ä"]})
    post("echo", "empty", "")
    post("echo", "no-type", '{"a": 1}', {})
    post("echo", "plain", "some text", {"content-type": "text/plain"})
    post("echo", "octets", "abc", {"content-type": "application/octet-stream"})
    post("echo", "form", "a=1&b=2", {"content-type": "application/x-www-form-urlencoded"})
    post("echo", "unicode", '"ä€😀"')
    post("echo", "not-utf8", b'{"a": "\xff"}')
    post("echo", "not-utf8-cut", b"abc\xe2\x82")
    for name, query in {
        "none": "",
        "one": "?a=1",
        "many": "?a=1&b=[1,2]&c=a&d=null",
        "repeated": "?foo=bar1&foo=bar2&x=y",
        "encoded": "?a=%C3%A4+b%26c&e=",
        "flag": "?a",
    }.items():
        add("echo", f"get-{name}", "GET", f"/score{query}")
    add("echo", "get-body", "GET", "/score?a=1", JSON, '{"b": 2}')
    add("echo", "post-query", "POST", "/score?a=1", JSON, '{"b": 2}')
    post("headers", "some", "x", {"x-one-two": "3", "X-UPPER": "4", "content-type": "text/plain"})
    post("headers", "none", "x", {})


def identity() -> None:
    add("echo", "ids-given", "POST", "/score", {**JSON, "x-request-id": "an-id"}, "{}")
    add("echo", "ids-client", "POST", "/score", {**JSON, "x-ms-client-request-id": "client"}, "{}")
    add("echo", "ids-legacy", "POST", "/score", {**JSON, "x-ms-request-id": "legacy"}, "{}")
    all_three = {"x-request-id": "r", "x-ms-request-id": "l", "x-ms-client-request-id": "c"}
    add("echo", "ids-all", "POST", "/score", {**JSON, **all_three}, "{}")
    add("echo", "ids-health", "GET", "/", all_three)
    add("echo", "ids-trace", "POST", "/score", {**JSON, "TraceId": "trace"}, "{}")
    for name in ("x-request-id", "x-ms-request-id", "x-ms-client-request-id"):
        for length in (100, 101):
            add("echo", f"ids-{name}-{length}", "POST", "/score", {**JSON, name: "i" * length}, "{}")
    add("echo", "ids-long-swagger", "GET", "/swagger.json", {"x-request-id": "i" * 101})
    add("quiet", "version", "POST", "/score", JSON, "{}")


def values() -> None:
    for value in (
        *(
            "none",
            "text",
            "unicode",
            "number",
            "float",
            "large",
            "true",
            "list",
            "tuple",
            "object",
            "integer-keys",
        ),
        *(
            "empty-list",
            "nan",
            "infinity",
            "numpy-array",
            "numpy-scalar",
            "numpy-inside",
            "bytes",
            "datetime",
        ),
        *("decimal", "set", "object-instance", "generator", "raise", "exit", "system", "response-none"),
        *("response-text", "response-bytes", "response-json", "response-json-header", "response-list-header"),
        *("response-date-header", "response-failed", "response-400", "response-500", "response-request-id"),
        *("response-204", "response-redirect", "no such value"),
    ):
        post("values", value.replace(" ", "-"), value)


def raw() -> None:
    add("raw", "get", "GET", "/score?a=1&a=2&b=%C3%A4", {"x-some-thing": "t"})
    add("raw", "options", "OPTIONS", "/score")
    add("raw", "head", "HEAD", "/score")
    post("raw", "json", '{"a": 1}', {"content-type": "application/json; charset=utf-8"})
    post("raw", "binary", b"\x00\x01\xff", {"content-type": "image/jpeg"})
    post("raw", "no-type", "abc", {})
    post("raw", "form", "a=1&b=2&a=3", {"content-type": "application/x-www-form-urlencoded"})
    parts = (
        '--B\r\nContent-Disposition: form-data; name="field"\r\n\r\nvalue\r\n'
        '--B\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n\x00\x01\r\n\r\n--B--\r\n"
    )
    post("raw", "multipart", parts, {"content-type": "multipart/form-data; boundary=B"})
    add("raw", "value", "POST", "/score?about=json", JSON, '{"a": 1}')
    add("raw", "broken-json", "POST", "/score?about=json", JSON, '{"a": ')
    add("raw", "swagger", "GET", "/swagger.json")


def schemas() -> None:
    post("standard", "all", {"text": "x", "count": 2, "kinds": {"text": "y", "other": 1}})
    post("standard", "defaults", {"text": "x"})
    post("standard", "extra", {"text": "x", "more": 1})
    post("standard", "missing", {"count": 1})
    post("standard", "wrong-type", {"text": 5})
    post("standard", "raise", {"text": "raise"})
    post("standard", "empty", "")
    post("standard", "list", [1])
    post("standard", "broken", '{"text": ')
    post("standard", "plain", '{"text": "x"}', {"content-type": "text/plain"})
    post("standard", "no-type", '{"text": "x"}', {})
    post("standard", "vendor-json", '{"text": "x"}', {"content-type": "application/vnd.api+json"})
    post("standard", "charset", '{"text": "x"}', {"content-type": "application/json; charset=utf-8"})
    add("standard", "get", "GET", "/score?text=x&count=3")
    add("standard", "get-missing", "GET", "/score?count=3")
    add("standard", "options", "OPTIONS", "/score")
    add("standard", "head", "HEAD", "/score")
    post("arrays", "good", {"data": [[1, 2, 3], [4, 5, 6]]})
    post("arrays", "nested", {"data": [[1, 2, 3]], "more": {"inner": [1, 2]}})
    post("arrays", "wrong-width", {"data": [[1, 2]]})
    post("arrays", "wrong-depth", {"data": [1, 2, 3]})
    post("arrays", "ragged", {"data": [[1, 2, 3], [4]]})
    post("arrays", "not-numbers", {"data": [["a", "b", "c"]]})
    post("arrays", "not-a-list", {"data": "abc"})
    post("tables", "good", {"data": [{"a": 1, "b": 2, "c": "z"}]})
    post("tables", "wrong-width", {"data": [{"a": 1, "b": 2}]})
    post("tables", "wrong-type", {"data": [{"a": "x", "b": 2, "c": "z"}]})
    post("tables", "split", {"data": {"columns": ["a", "b", "c"], "data": [[1, 2.5, "z"]]}})
    post("tables", "not-a-table", {"data": 5})


def origins() -> None:
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    for server in ("echo", "cors", "cors-any"):
        for origin in ("http://a.example", "http://b.example", "http://c.example"):
            name = origin[7]
            add(server, f"origin-{name}", "POST", "/score", {**JSON, "origin": origin}, "{}")
            add(server, f"preflight-{name}", "OPTIONS", "/score", {"origin": origin, **preflight})
        add(server, "origin-health", "GET", "/", {"origin": "http://a.example"})
        add(server, "no-origin", "POST", "/score", JSON, "{}")


def main() -> None:
    routes()
    texts()
    identity()
    values()
    raw()
    schemas()
    origins()
    post("stream", "items", "go")
    post("slow", "in-time", "1")
    post("slow", "late", "1000")
    names = [case["name"] for case in CASES]
    assert len(set(names)) == len(names), [name for name in names if names.count(name) > 1]
    json.dump({"servers": SERVERS, "cases": CASES}, sys.stdout, indent=1, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
