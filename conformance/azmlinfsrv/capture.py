"""Starts the azmlinfsrv of this Python for every server of cases.json, and writes what it answers to goldens/.

python capture.py            (needs azureml-inference-server-http==1.5.1, flask-cors, numpy, pandas)
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
VOLATILE = ("date", "server", "connection", "x-ms-run-fn-exec-ms", "keep-alive")
START = "import azureml_inference_server_http.constants as c; c.DEFAULT_HOST = '127.0.0.1'; " + (
    "from azureml_inference_server_http import amlserver; amlserver.run()"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def send(port: int, case: dict[str, Any]) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = base64.b64decode(case["body"])
    connection.request(case["method"], case["target"], body or None, case["headers"])
    reply = connection.getresponse()
    data = reply.read()
    headers = sorted(
        [name.lower(), value] for name, value in reply.getheaders() if name.lower() not in VOLATILE
    )
    timed = reply.getheader("x-ms-run-fn-exec-ms") is not None
    connection.close()
    return {
        "status": reply.status,
        "headers": headers,
        "is_timed": timed,
        "body": base64.b64encode(data).decode(),
    }


def capture(name: str, server: dict[str, Any], cases: list[dict[str, Any]]) -> dict[str, Any]:
    port = free_port()
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("AML_", "AZUREML_"))
    }
    line = [
        sys.executable,
        "-c",
        START,
        "--entry_script",
        str(HERE / "scripts" / server["script"]),
        "--port",
        str(port),
    ]
    process = subprocess.Popen(
        [*line, *server.get("arguments", [])],
        env={**environment, **server.get("environment", {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                send(port, {"method": "GET", "target": "/", "headers": {}, "body": ""})
                break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise
                time.sleep(0.1)
        return {case["name"]: send(port, case) for case in cases if case["server"] == name}
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    table = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
    for name, server in table["servers"].items():
        replies = capture(name, server, table["cases"])
        path = HERE / "goldens" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(replies, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"{name}: {len(replies)}")


if __name__ == "__main__":
    main()
