"""Send the cases of cases.py to a running MLServer and keep each reply, as it came, in goldens/NAME.json.

    python make_models.py FOLDER
    mlserver start FOLDER
    python capture.py http://127.0.0.1:8080 [DESTINATION]

Captured from MLServer 1.7.1 with mlserver-sklearn and mlserver-xgboost, orjson 3.13.0, scikit-learn 1.9.1,
XGBoost 3.2.0 and NumPy 2.4.6. Needs nothing but Python. Identifiers that the server makes up differ from one
capture to the next; they are made equal where goldens are compared, never here.
"""

from __future__ import annotations

import http.client
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cases import all_cases

if TYPE_CHECKING:
    from case import Case, Request

GOLDENS = Path(__file__).resolve().parent / "goldens"
KEPT_HEADERS = ("content-type", "content-length", "content-encoding", "allow", "location", "vary")


def send(base: str, request: Request) -> dict[str, Any]:
    target = urlsplit(base)
    connection = http.client.HTTPConnection(target.hostname or "127.0.0.1", target.port, timeout=30)
    try:
        body = None if request.body is None else request.body.encode()
        connection.request(request.method, request.path, body=body, headers=request.headers)
        reply = connection.getresponse()
        headers = {name.lower(): value for name, value in reply.getheaders()}
        return {
            "status": reply.status,
            "headers": {
                name: headers[name]
                for name in sorted(headers)
                if name in KEPT_HEADERS or name.startswith("ce-")
            },
            "body": reply.read().decode(),
        }
    finally:
        connection.close()


def capture(base: str, case: Case) -> dict[str, Any]:
    for request in case.before:
        send(base, request)
    try:
        response = send(base, case.request)
    finally:
        for request in case.after:
            send(base, request)
    golden = asdict(case)
    for step in ("before", "after"):
        if not golden[step]:
            del golden[step]
    return {**golden, "response": response}


def main() -> None:
    if len(sys.argv) not in (2, 3):
        raise SystemExit("usage: python capture.py BASE_URL [DESTINATION]")
    base = sys.argv[1]
    destination = Path(sys.argv[2]) if len(sys.argv) == 3 else GOLDENS
    captured = {case.name: capture(base, case) for case in all_cases()}
    destination.mkdir(parents=True, exist_ok=True)
    for stale in destination.glob("*.json"):
        stale.unlink()
    for name, golden in captured.items():
        text = json.dumps(golden, indent=2, ensure_ascii=False)
        (destination / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    print(f"{len(captured)} replies of {base} kept in {destination}")


if __name__ == "__main__":
    main()
