"""The server: GET / for probes, POST /score and POST /predict for predictions. Standard library only."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Predictor:
    """A straight line, read from a file.

    Args:
        path: JSON with `slope` and `intercept`.
    """

    def __init__(self, path: str) -> None:
        with open(path) as file:
            line = json.load(file)
        self.slope, self.intercept = line["slope"], line["intercept"]

    def predict(self, values: list[float]) -> list[float]:
        """The line's value at each point."""
        return [self.slope * value + self.intercept for value in values]


class Handler(BaseHTTPRequestHandler):
    """One predictor behind three routes."""

    protocol_version = "HTTP/1.1"
    predictor: Predictor

    def do_GET(self) -> None:
        """Tell the probes that the model is loaded."""
        if self.path == "/":
            self.answer(200, {"status": "ready"})
        else:
            self.answer(404, {"detail": "Not Found"})

    def do_POST(self) -> None:
        """Predict; both routes take {"data": [numbers]}."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path not in ("/score", "/predict"):
            self.answer(404, {"detail": "Not Found"})
            return
        try:
            values = json.loads(body)["data"]
            self.answer(200, {"route": self.path, "predictions": self.predictor.predict(values)})
        except (ValueError, KeyError, TypeError) as error:
            self.answer(422, {"detail": f"{type(error).__name__}: {error}"})

    def answer(self, status: int, value: object) -> None:
        """Send a JSON reply."""
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Load the model, then listen."""
    Handler.predictor = Predictor(os.environ["AZUREML_MODEL_PATH"])
    ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Handler).serve_forever()


if __name__ == "__main__":
    main()
