"""Ask both models for a prediction, as a client written in Python does.

python requests/predict.py [URL]     (default http://localhost:8080)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

try:
    import requests
except ImportError:
    sys.exit(
        f"predict.py needs the package requests, which {sys.executable} lacks. Install it in a virtual\n"
        "environment (python3 -m venv .venv && .venv/bin/pip install requests), or use requests/predict.sh,\n"
        "which needs only curl."
    )

EXAMPLE = Path(__file__).resolve().parent.parent
VERSION = "v0.1.0"


def predict(url: str, model: str) -> str:
    inference_request = json.loads(
        (EXAMPLE / "models" / model / "sample_input.json").read_text(encoding="utf-8")
    )
    endpoint = f"{url}/v2/models/{model}/versions/{VERSION}/infer"
    response = requests.post(endpoint, json=inference_request, timeout=30)
    if not response.ok:
        raise requests.HTTPError(f"{endpoint} answered {response.status_code}: {response.text}")
    return json.dumps(response.json())


def main() -> int:
    url = (sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8080").rstrip("/")
    try:
        for model in ("mnist-svm", "mushroom-xgboost"):
            print(f"{model}: {predict(url, model)}")
    except requests.ConnectionError:
        print(f"predict.py: nothing listens on {url}; start the server first (npm start)", file=sys.stderr)
        return 1
    except requests.RequestException as error:
        print(f"predict.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
