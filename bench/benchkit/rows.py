"""What is asked and what is right: request rows, bodies, and the models' own answers."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from benchkit.places import PEERS_DIR

if TYPE_CHECKING:
    from pathlib import Path

MODELS = ("mnist-svm", "mushroom-xgboost", "gbdt", "forest", "logreg")
TOLERANCE = 1e-6
BATCH = 1000
Rows = list[list[float]]
Json = Any  # whatever json.loads makes


def is_batch(model: str) -> bool:
    """logreg-1000 is the model logreg, asked for 1,000 rows at once."""
    return model.endswith("-1000")


def model_name(model: str) -> str:
    return model.removesuffix("-1000")


def load(name: str) -> Json:
    file = PEERS_DIR / name
    if not file.exists():
        raise SystemExit(f"{file} is not there: run bench/install.sh first, with the same PEERS_DIR")
    return json.loads(file.read_text())


@cache
def requests() -> dict[str, Rows]:
    found: dict[str, Rows] = load("requests.json")
    return found


@cache
def expected(trained_by: str) -> dict[str, list[float]]:
    """What each model answers to each row, by the environment that trained it."""
    found: dict[str, list[float]] = load(f"expected/{trained_by}.json")
    return found


def rows_of(model: str) -> Rows:
    rows = requests().get(model) or requests()["x30"]
    return rows[:BATCH] if is_batch(model) else rows


def tensor(rows: Rows) -> dict[str, Any]:
    data = [value for row in rows for value in row]
    return {"name": "predict", "shape": [len(rows), len(rows[0])], "datatype": "FP32", "data": data}


def request(style: str, name: str, rows: Rows) -> tuple[str, str]:
    """Path and JSON body of a prediction."""
    if style == "azml":
        return "/score", json.dumps({"model": name, "data": rows})
    if style == "mms":
        return f"/predictions/{name}", json.dumps(rows)
    return f"/v2/models/{name}/infer", json.dumps({"inputs": [tensor(rows)]})


def answer(style: str, body: bytes) -> list[float]:
    """The numbers of a reply, flat."""
    found = json.loads(body)
    values = found["outputs"][0]["data"] if style == "v2" else found
    while values and isinstance(values[0], list):
        values = [value for row in values for value in row]
    return [float(value) for value in values]


def is_same(found: list[float], right: list[float]) -> bool:
    return len(found) == len(right) and all(
        abs(a - b) <= TOLERANCE for a, b in zip(found, right, strict=True)
    )


def body_file(style: str, models: list[str], names: list[str]) -> tuple[Path, list[str]]:
    """The file of requests for the load script, and the arguments that the script gets."""
    folder = PEERS_DIR / "run" / "bodies"
    folder.mkdir(parents=True, exist_ok=True)
    if is_batch(models[0]):
        path, body = request(style, names[0], rows_of(models[0]))
        rows = [", ".join(map(str, row)) for row in rows_of(models[0])]
        if style != "v2":
            rows = [f"[{row}]" for row in rows]
        head, _, tail = body.partition(", ".join(rows))
        lines, mode = [path, head, tail, *rows], ["rotate"]
    else:
        asked = [(name, model, row) for row in range(1024) for name, model in zip(names, models, strict=True)]
        if len(names) > 1:
            asked = asked[:: max(1, len(asked) // 4096)]
        lines = ["\t".join(request(style, name, [rows_of(model)[row]])) for name, model, row in asked]
        mode = []
    file = folder / f"{style}-{models[0]}-{len(names)}.txt"
    file.write_text("\n".join(lines) + "\n")
    return file, [str(file), *mode]


def check_requests(style: str, model: str) -> list[tuple[str, str, list[int]]]:
    """Requests whose answers are compared: path, body, and the rows that they ask for."""
    rows = rows_of(model)
    if is_batch(model):
        orders = [list(range(k, BATCH)) + list(range(k)) for k in range(0, BATCH, 125)]
    else:
        orders = [[k] for k in range(len(rows))]
    return [(*request(style, model_name(model), [rows[k] for k in order]), order) for order in orders]
