"""The requests whose replies are kept as goldens; capture.py sends them to MLServer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from case import JSON_HEADERS, Case, Request, get, infer, infer_raw, post, sample, tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "v0.1.0"

# Numbers as a client writes them; the replies show how MLServer writes them.
WHOLE = "0 -0.0 3 1e15 9999999999999998 1e16 1.5e16 1e17 1e20 1e21 1e22 1.5e22 1e300 123456789012345680"
SMALL = "1e-4 1e-5 1.5e-5 9.999999999999999e-6 1e-6 1.5e-6 1e-7 1.5e-7 1e-10 1e-45 5e-324"
OTHER = "null 0.1 0.3333333333333333 1234567890123456.8 3.4028234663852886e38 1.7976931348623157e308"
NUMBERS = f"{WHOLE} {SMALL} {OTHER}".split()
KEPT_BY_IDENTITY_ONLY = {"-0.0", "null"}

EXTREMES: dict[str, list[Any]] = {
    "BOOL": [True, False],
    "UINT8": [0, 255],
    "UINT16": [0, 65535],
    "UINT32": [0, 4294967295],
    "UINT64": [0, 18446744073709551615],
    "INT8": [-128, 127],
    "INT16": [-32768, 32767],
    "INT32": [-2147483648, 2147483647],
    "INT64": [-9223372036854775808, 9223372036854775807],
    "FP16": [0.1, 65504],
    "FP32": [0.1, 16777217],
    "FP64": [0.1, 16777217],
    "BYTES": ["a", "né"],
}


def digits() -> dict[str, Any]:
    return sample("mnist-svm")


def mushroom() -> dict[str, Any]:
    return sample("mushroom-xgboost")


def three_rows(row: dict[str, Any]) -> dict[str, Any]:
    """The sample, an altered one, and the sample again, nested."""
    first = row["data"]
    return {**row, "shape": [3, len(first)], "data": [first, first[::-1], first]}


def health() -> Iterator[Case]:
    yield Case("live", get("/v2/health/live"))
    yield Case("ready", get("/v2/health/ready"))
    yield Case("live-head", get("/v2/health/live", "HEAD"))
    for model in ("mnist-svm", "mushroom-xgboost"):
        yield Case(f"model-ready-{model}", get(f"/v2/models/{model}/ready"))
        yield Case(f"model-ready-version-{model}", get(f"/v2/models/{model}/versions/{VERSION}/ready"))
    yield Case("model-ready-unknown", get("/v2/models/nope/ready"))
    yield Case("model-ready-unknown-version", get("/v2/models/mnist-svm/versions/9/ready"))


def metadata() -> Iterator[Case]:
    yield Case("server-metadata", get("/v2"))
    yield Case("server-metadata-slash", get("/v2/"))
    for model in ("mnist-svm", "mushroom-xgboost"):
        yield Case(f"metadata-{model}", get(f"/v2/models/{model}"))
        yield Case(f"metadata-version-{model}", get(f"/v2/models/{model}/versions/{VERSION}"))
    yield Case("metadata-described", get("/v2/models/described"))
    yield Case("metadata-unversioned", get("/v2/models/identity"))
    yield Case("metadata-unknown", get("/v2/models/nope"))
    yield Case("metadata-unknown-version", get("/v2/models/mnist-svm/versions/9"))
    yield Case("metadata-quoted", get("/v2/models/mnist%2Dsvm"))


def infer_seed() -> Iterator[Case]:
    """What callers of the two models of the multi-model example send."""
    for model, row in (("mnist-svm", digits()), ("mushroom-xgboost", mushroom())):
        nested = {**row, "data": [row["data"]]}
        yield Case(f"infer-{model}", infer(model, nested, version=VERSION))
        yield Case(f"infer-unversioned-{model}", infer(model, nested))
        yield Case(f"infer-query-version-{model}", infer(model, nested, query=f"?model_version={VERSION}"))
        yield Case(f"infer-query-unknown-version-{model}", infer(model, nested, query="?model_version=9"))
        yield Case(f"infer-flat-{model}", infer(model, row, version=VERSION))
        yield Case(f"infer-three-rows-id-{model}", infer(model, three_rows(row), version=VERSION, id="abc"))
        flat = three_rows(row)
        flat["data"] = [value for line in flat["data"] for value in line]
        yield Case(f"infer-three-rows-flat-{model}", infer(model, flat, id="abc"))
        yield Case(f"infer-id-empty-{model}", infer(model, row, id=""))
        yield Case(
            f"infer-parameters-{model}",
            infer(model, {**row, "parameters": {"note": 1}}, id="p", parameters={"flag": True, "text": "t"}),
        )
        yield Case(
            f"infer-content-type-np-{model}",
            infer(model, {**row, "parameters": {"content_type": "np"}}, id="n"),
        )
        yield Case(f"infer-outputs-{model}", infer(model, row, id="o", outputs=[{"name": "predict"}]))
        twice = [{"name": "predict"}, {"name": "predict"}]
        yield Case(f"infer-output-twice-{model}", infer(model, row, id="o", outputs=twice))
        yield Case(f"infer-outputs-empty-{model}", infer(model, row, id="o", outputs=[]))
        yield Case(f"infer-predict-proba-{model}", infer(model, row, outputs=[{"name": "predict_proba"}]))
        yield Case(f"infer-unknown-output-{model}", infer(model, row, outputs=[{"name": "nonsense"}]))
        for datatype in ("INT64", "FP16", "FP64", "UINT8", "INT32"):
            yield Case(
                f"infer-{datatype.lower()}-{model}", infer(model, {**row, "datatype": datatype}, id="d")
            )
        booleans = {**row, "datatype": "BOOL", "data": [value > 0 for value in row["data"]]}
        yield Case(f"infer-bool-{model}", infer(model, booleans, id="b"))
        with_null = {**row, "data": [None, *row["data"][1:]]}
        yield Case(f"infer-null-{model}", infer(model, with_null, id="m"))
        yield Case(f"infer-other-input-name-{model}", infer(model, {**row, "name": "whatever"}, id="w"))
        wrong = tensor([1, 2], "FP32", [[0, 1]])
        yield Case(f"infer-wrong-feature-count-{model}", infer(model, wrong, version=VERSION))


def infer_refused() -> Iterator[Case]:
    """Requests that are not well formed, or name what is not there."""
    row, path = digits(), "/v2/models/mnist-svm/infer"
    yield Case("infer-unknown-model", infer("nope", row))
    yield Case("infer-unknown-model-version", infer("nope", row, version="1"))
    yield Case("infer-unknown-version", infer("mnist-svm", row, version="9"))
    yield Case("infer-shape-mismatch", infer("mnist-svm", tensor([1, 64], "FP32", [0, 1])))
    yield Case("infer-shape-negative", infer("mnist-svm", {**row, "shape": [-1, 64]}, id="s"))
    yield Case("infer-shape-fraction", infer("mnist-svm", {**row, "shape": [1, 64.5]}))
    yield Case("infer-shape-one-dimension", infer("mnist-svm", {**row, "shape": [64]}))
    yield Case("infer-shape-zero-rows", infer("mnist-svm", tensor([0, 64], "FP32", [])))
    yield Case("infer-bad-datatype", infer("mnist-svm", {**row, "datatype": "FP99"}))
    yield Case("infer-datatype-lower-case", infer("mnist-svm", {**row, "datatype": "fp32"}))
    for key in ("name", "shape", "datatype", "data"):
        without = {name: value for name, value in row.items() if name != key}
        yield Case(f"infer-missing-{key}", infer("mnist-svm", without))
    yield Case("infer-missing-inputs", post(path, {}))
    yield Case("infer-inputs-empty", post(path, {"inputs": []}))
    yield Case("infer-inputs-object", post(path, {"inputs": row}))
    yield Case("infer-two-inputs", infer("mnist-svm", row, row))
    yield Case("infer-id-number", infer("mnist-svm", row, id=7))
    yield Case("infer-body-array", post(path, [row]))
    yield Case("infer-body-empty", Request("POST", path, JSON_HEADERS))
    yield Case("infer-broken-json", post(path, '{"inputs": [{"name": '))
    yield Case("infer-nan-literal", infer_raw("identity", "[NaN]"))
    yield Case("infer-infinity-literal", infer_raw("identity", "[Infinity]"))
    yield Case("infer-text-in-numbers", infer("identity", tensor([1, 1], "FP32", ["abc"])))
    yield Case("infer-digits-in-text", infer("identity", tensor([1, 1], "FP32", ["1.5"]), id="t"))
    yield Case("infer-ragged", infer("identity", tensor([2, 2], "FP32", [[1, 2], [3]])))
    yield Case("infer-nested-otherwise", infer("identity", tensor([2, 2], "FP32", [[1, 2, 3], [4]])))
    yield Case("infer-data-object", infer("identity", tensor([1, 1], "FP32", {"a": 1})))
    yield Case("infer-int8-out-of-range", infer("identity", tensor([1, 1], "INT8", [300])))
    yield Case("infer-uint8-negative", infer("identity", tensor([1, 1], "UINT8", [-1])))
    yield Case("infer-int-fraction", infer("identity", tensor([1, 1], "INT32", [1.5]), id="f"))
    yield Case("infer-int-null", infer("identity", tensor([1, 1], "INT64", [None])))
    yield Case("infer-no-content-type", Request("POST", path, {}, json.dumps({"inputs": [row], "id": "c"})))
    plain = {"content-type": "text/plain"}
    yield Case(
        "infer-content-type-text", Request("POST", path, plain, json.dumps({"inputs": [row], "id": "c"}))
    )
    yield Case("infer-wrong-method", get(path))
    yield Case("infer-unknown-field", infer("mnist-svm", {**row, "colour": "red"}, id="u", extra={"a": 1}))
    yield Case(
        "infer-request-headers",
        Request(
            "POST", path, {**JSON_HEADERS, "x-request-id": "r1"}, json.dumps({"inputs": [row], "id": "h"})
        ),
    )
    yield Case("unknown-path", get("/v2/nothing"))
    yield Case("unknown-path-root", get("/nothing"))
    yield Case("wrong-method-metadata", get("/v2/models/mnist-svm", "DELETE"))


def infer_types() -> Iterator[Case]:
    """How each datatype and shape is read and written."""
    for datatype, data in EXTREMES.items():
        yield Case(f"type-{datatype.lower()}", infer("identity", tensor([2, 1], datatype, data), id="t"))
    for datatype in ("FP64", "FP32"):
        for text in NUMBERS:
            model = "identity" if text in KEPT_BY_IDENTITY_ONLY else f"linear-{datatype.lower()}"
            name = f"number-{datatype.lower()}-{text}"
            if float(text.replace("null", "0")) < 1e39 or datatype == "FP64":
                yield Case(name, infer_raw(model, f"[{text}]", datatype=datatype))
    yield Case("number-fp32-overflow", infer_raw("identity", "[1e300]", datatype="FP32"))
    yield Case("number-fp16-third", infer_raw("identity", "[0.3333333333333333]", datatype="FP16"))
    yield Case("number-infinite", infer_raw("two-targets", "[1e308,0]", "[1,2]"))
    yield Case("type-bool-from-numbers", infer("identity", tensor([4, 1], "BOOL", [1, 0, 2, 0.5]), id="t"))
    yield Case("type-fp32-from-booleans", infer("identity", tensor([2, 1], "FP32", [True, False]), id="t"))
    yield Case("type-int64-from-whole-float", infer_raw("identity", "[2.0]", datatype="INT64"))
    yield Case("type-int64-from-booleans", infer("identity", tensor([2, 1], "INT64", [True, False]), id="t"))
    yield Case("type-bytes-from-numbers", infer("identity", tensor([2, 1], "BYTES", [1, 2.5]), id="t"))
    yield Case("type-bytes-bare-string", infer("identity", tensor([1, 1], "BYTES", "abc"), id="t"))
    yield Case("type-bytes-null", infer("identity", tensor([1, 1], "BYTES", [None]), id="t"))
    yield Case(
        "type-bytes-escapes", infer("identity", tensor([1, 1], "BYTES", ['"\\/\n\u0001\u2028é😀']), id="t")
    )
    yield Case("number-int-into-linear", infer_raw("linear-fp64", "[7]", datatype="INT64"))
    for name, shape, data in (
        ("scalar", [], [1.5]),
        ("one-dimension", [3], [1, 2, 3]),
        ("one-element", [1], [1]),
        ("empty", [0, 3], []),
        ("empty-one-dimension", [0], []),
        ("two", [2, 3], [[1, 2, 3], [4, 5, 6]]),
        ("three", [1, 2, 2], [[[1, 2], [3, 4]]]),
        ("minus-one", [-1, 2], [1, 2, 3, 4]),
        ("no-rows", [2, 0], [[], []]),
    ):
        yield Case(f"shape-{name}", infer("identity", tensor(shape, "FP64", data), id="s"))


def infer_large() -> Iterator[Case]:
    """Bodies large enough that a server may read them another way than small ones."""
    count = 1_500
    fractions = [number / 7 for number in range(count)]
    yield Case("large-fp64", infer("identity", tensor([count, 1], "FP64", fractions), id="l"))
    yield Case("large-fp32", infer("identity", tensor([count, 1], "FP32", fractions), id="l"))
    integers = [9007199254740993 + number for number in range(count)]
    yield Case("large-int64", infer("identity", tensor([count, 1], "INT64", integers), id="l"))
    words = [f"word {number} \N{GREEK SMALL LETTER ALPHA}" for number in range(count)]
    yield Case("large-bytes", infer("identity", tensor([count, 1], "BYTES", words), id="l"))
    row = digits()["data"]
    rows = [row[turn:] + row[:turn] for turn in range(64)] * 2
    yield Case(
        "large-nested-mnist-svm",
        infer("mnist-svm", tensor([128, 64], "FP32", rows), id="l", outputs=[{"name": "predict"}]),
    )
    yield Case("large-shape-mismatch", infer("identity", tensor([count + 1, 1], "FP64", fractions)))
    yield Case(
        "large-text-among-numbers", infer("identity", tensor([count, 1], "FP64", [*fractions[1:], "abc"]))
    )
    inputs = json.dumps(tensor([count, 1], "FP64", fractions))
    yield Case("large-broken-json", post("/v2/models/identity/infer", f'{{"inputs":[{inputs}'))
    yield Case("large-bad-datatype", infer("identity", tensor([count, 1], "FP99", fractions)))


def infer_models() -> Iterator[Case]:
    """Kinds of output that the two models of the example do not have."""
    both, rows = (
        [{"name": "predict"}, {"name": "predict_proba"}],
        tensor([3, 2], "FP64", [0, 0, 800, 0, 0, 800]),
    )
    yield Case("logistic-predict", infer("logistic", rows, id="l"))
    yield Case("logistic-both", infer("logistic", rows, id="l", outputs=both))
    yield Case("logistic-proba-first", infer("logistic", rows, id="l", outputs=both[::-1]))
    yield Case(
        "logistic-proba-fp32", infer("logistic", {**rows, "datatype": "FP32"}, id="l", outputs=both[1:])
    )
    yield Case("logistic-decision-function", infer("logistic", rows, outputs=[{"name": "decision_function"}]))
    words = tensor([2, 1], "FP64", [0, 1])
    yield Case("labels-predict", infer("string-labels", words, id="w"))
    yield Case("labels-both", infer("string-labels", words, id="w", outputs=both))
    yield Case(
        "labels-output-content-type-str",
        infer(
            "string-labels",
            words,
            id="w",
            outputs=[{"name": "predict", "parameters": {"content_type": "str"}}],
        ),
    )
    pairs = tensor([2, 2], "FP64", [[1, 2], [3, 4]])
    yield Case("two-targets", infer("two-targets", pairs, id="t"))
    yield Case("two-targets-fp32", infer("two-targets", {**pairs, "datatype": "FP32"}, id="t"))
    yield Case("scaler", infer("scaler", pairs, id="s"))
    yield Case("scaler-fp32", infer("scaler", {**pairs, "datatype": "FP32"}, id="s"))
    yield Case("scaler-outputs-transform", infer("scaler", pairs, id="s", outputs=[{"name": "transform"}]))
    yield Case("scaler-outputs-predict", infer("scaler", pairs, outputs=[{"name": "predict"}]))
    yield Case("transform-svc", infer("mnist-svm", digits(), outputs=[{"name": "transform"}]))
    yield Case("xgb-classifier", infer("xgb-classifier", pairs, id="x"))
    yield Case("xgb-classifier-both", infer("xgb-classifier", pairs, id="x", outputs=both))
    yield Case("described", infer("described", tensor([1, 1], "FP64", [2]), id="d"))
    yield Case(
        "described-named-input", infer("described", {**tensor([1, 1], "FP64", [2]), "name": "x"}, id="d")
    )
    one = tensor([1, 1], "FP64", [1])
    yield Case("two-versions-default", infer("two-versions", one, id="v"))
    yield Case("two-versions-v9", infer("two-versions", one, id="v", version="v9"))
    yield Case("two-versions-v10", infer("two-versions", one, id="v", version="v10"))
    yield Case("two-versions-metadata", get("/v2/models/two-versions"))
    yield Case(
        "content-type-unknown",
        infer("identity", tensor([1, 1], "FP64", [1], parameters={"content_type": "json"})),
    )
    yield Case(
        "content-type-str-into-sklearn",
        infer("identity", tensor([1, 1], "BYTES", ["a"], parameters={"content_type": "str"}), id="c"),
    )


def repository() -> Iterator[Case]:
    index, model = "/v2/repository/index", "/v2/repository/models/mnist-svm"
    unload, load = post(f"{model}/unload"), post(f"{model}/load")
    yield Case("index", post(index, {}))
    yield Case("index-ready", post(index, {"ready": True}))
    yield Case("index-not-ready", post(index, {"ready": False}))
    yield Case("index-no-body", post(index))
    yield Case("index-no-content-type", Request("POST", index, {}, "{}"))
    yield Case("index-wrong-method", get(index))
    yield Case("load-again", load)
    yield Case("load-json-body", post(f"{model}/load", {"parameters": {}}))
    yield Case("load-unknown", post("/v2/repository/models/nope/load"))
    yield Case("unload", unload, after=(load,))
    yield Case("unload-unknown", post("/v2/repository/models/nope/unload"))
    yield Case("unload-twice", unload, (unload,), (load,))
    after_unload = {
        "metadata": get("/v2/models/mnist-svm"),
        "ready": get("/v2/models/mnist-svm/ready"),
        "infer": infer("mnist-svm", digits()),
        "server-ready": get("/v2/health/ready"),
        "index": post(index, {}),
        "index-ready": post(index, {"ready": True}),
    }
    for name, request in after_unload.items():
        yield Case(f"unload-then-{name}", request, (unload,), (load,))
    yield Case("load-then-infer", infer("mnist-svm", digits(), id="l"), (unload, load))


def all_cases() -> list[Case]:
    parts = (health, metadata, infer_seed, infer_refused, infer_types, infer_large, infer_models, repository)
    cases = [case for part in parts for case in part()]
    names = [case.name for case in cases]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ValueError(f"two cases share a name: {', '.join(sorted(repeated))}")
    return cases
