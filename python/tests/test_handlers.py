"""Handlers: what they get and say, and what becomes of their errors.

The expected texts and statuses are what Multi Model Server 1.1.11 answered, but for what is named as ours.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from handling import handle, request, write

if TYPE_CHECKING:
    from pathlib import Path

    from hostler.protocol.fields import Header

RAISES = "def handle(data, context):\n    if data is None: return\n    {}"


@pytest.mark.parametrize(
    ("statement", "failure"),
    [
        ("raise ValueError('secret')", (503, "Prediction failed")),
        ("raise SystemExit(1)", (503, "Prediction failed")),
        ("raise MemoryError('x')", (507, "Out of resources")),
        ("return 'str'", (503, "Invalid model predict output")),
        ("return None", (503, "Invalid model predict output")),
        ("return []", (503, "number of batch response mismatched")),
        ("return [1, 2]", (503, "number of batch response mismatched")),
        ("return [object()]", (503, "Unsupported model output data type.")),
        (
            "from mms.service import PredictionException as E; raise E('Some Prediction Error', 599)",
            (599, "Some Prediction Error"),
        ),
        ("from mms.service import PredictionException as E; raise E('m')", (500, "m")),
        ("from mms.service import PredictionException as E; raise E('m', 'x')", (500, "m")),
    ],
)
def test_a_batch_that_fails_is_answered_as_mms_answers(
    tmp_path: Path, statement: str, failure: tuple[int, str]
) -> None:
    handled = handle(write(tmp_path, h=RAISES.format(statement)), "h:handle", [request()])
    assert handled.failure == failure


def test_what_is_yielded_beside_a_request_that_is_refused_is_joined(tmp_path: Path) -> None:
    """The refused one never came to the handler, but its answer has to go out with the other."""
    folder = write(tmp_path, service="def handle(data, context):\n    return data and [(c for c in 'abc')]\n")
    batch = [request("{", "application/json"), request("{}", "application/json")]
    refused, answer = handle(folder, "service.py:handle", batch, decodes=True, batch_size=2).answers
    assert (refused.status, answer.status, answer.body) == (400, 200, b"abc")


def test_what_is_yielded_for_one_of_several_requests_is_joined(tmp_path: Path) -> None:
    folder = write(tmp_path, h="def handle(data, context):\n    return data and [iter(['a', b'b']), 'c']\n")
    answers = handle(folder, "h:handle", [request(), request()], batch_size=2).answers
    assert [answer.body for answer in answers] == [b"ab", b"c"]


def test_the_traceback_is_in_the_log_without_the_server(tmp_path: Path) -> None:
    folder = write(tmp_path, h=RAISES.format("raise ValueError('x')"))
    output = handle(folder, "h:handle", [request()]).output
    assert f'File "{folder}/h.py", line 3, in handle' in output
    assert "hostler" not in output


def test_a_handler_that_failed_goes_on(tmp_path: Path) -> None:
    folder = write(tmp_path, h=RAISES.format("return [1 / len(data[0]['body'])]"))
    handled = handle(folder, "h:handle", [request()], [request("abcd")])
    assert handled.failure == (503, "Prediction failed")
    assert handled.batches[1:] == [[(200, "", [], None, b"0.25")]]


def test_the_real_package_wins_and_its_errors_are_understood(tmp_path: Path) -> None:
    (tmp_path / "mms").mkdir()
    write(
        tmp_path / "mms",
        __init__="",
        service="class PredictionException(Exception):\n"
        "    def __init__(self, message, error_code): self.message, self.error_code = message, error_code\n",
    )
    folder = write(
        tmp_path,
        h="import mms.service\n" + RAISES.format("raise mms.service.PredictionException('real', 418)"),
    )
    assert handle(folder, "h:handle", [request()]).failure == (418, "real")


@pytest.mark.parametrize(
    ("returned", "body"),
    [
        ("b'\\x00\\xff'", b"\x00\xff"),
        ("bytearray(b'ab')", b"ab"),
        ("'ä'", "ä".encode()),
        ("{'a': [1]}", b'{\n  "a": [\n    1\n  ]\n}'),
        ("None", b"null"),
        ("1.5", b"1.5"),
    ],
)
def test_answers_are_bytes_text_or_json(tmp_path: Path, returned: str, body: bytes) -> None:
    folder = write(tmp_path, h=RAISES.format(f"return [{returned}]"))
    assert handle(folder, "h:handle", [request()]).answer == (200, "", [], None, body)


def test_status_headers_and_content_type_are_the_handlers(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        h=RAISES.format(
            "context.set_response_content_type(0, 'text/csv')\n"
            "    context.set_response_header(0, 'X-Foo', 7)\n"
            "    context.set_response_status(418, 'teapot!', 0)\n"
            "    context.set_response_header(1, 'Content-Type', 'image/png')\n"
            "    return [b'a', b'b']"
        ),
    )
    first, second = handle(folder, "h:handle", [request(), request()], batch_size=2).answers
    assert first == (418, "teapot!", [["X-Foo", "7"]], "text/csv", b"a")
    assert second == (200, "", [], "image/png", b"b")


LOOKS = RAISES.format(
    "return [[{k: [type(v).__name__, str(v if not isinstance(v, bytearray) else v.decode())] "
    "for k, v in one.items()}, context.get_all_request_header(i), context.get_request_id(i), len(data)] "
    "for i, one in enumerate(data)]"
)


def test_a_handler_sees_inputs_headers_and_ids(tmp_path: Path) -> None:
    first = request(
        '{"a":1}', "application/json; charset=utf-8", {"X-One": "1"}, inputs=[("q", "", bytearray(b"7"))]
    )
    second = request("x", "text/plain", identity="other")
    one, other = handle(write(tmp_path, h=LOOKS), "h:handle", [first, second], batch_size=2).answers
    assert one.json() == [
        {"q": ["bytearray", "7"], "body": ["bytearray", '{"a":1}']},
        {
            "q": {"content-type": ""},
            "body": {"content-type": "application/json"},
            "Content-Type": "application/json; charset=utf-8",
            "X-One": "1",
        },
        "id",
        2,
    ]
    assert other.json() == [
        {"body": ["bytearray", "x"]},
        {"body": {"content-type": "text/plain"}, "Content-Type": "text/plain"},
        "other",
        2,
    ]


def test_json_and_text_are_decoded_where_asked_for(tmp_path: Path) -> None:
    batch = [request('{"a":1}', "application/json"), request("ä", "text/csv; charset=utf-8"), request("x")]
    answers = handle(write(tmp_path, h=LOOKS), "h:handle", batch, decodes=True).answers
    seen = [answer.json() for answer in answers]
    assert [one[0] for one in seen if isinstance(one, list)] == [
        {"body": ["dict", "{'a': 1}"]},
        {"body": ["str", "ä"]},
        {"body": ["bytearray", "x"]},
    ]


def test_fields_and_parameters_are_text_where_inputs_are_decoded(tmp_path: Path) -> None:
    inputs = [("q", "", bytearray(b"7")), ("raw", "", bytearray(b"\xff"))]
    asked = [request("x", inputs=inputs)]
    kinds = RAISES.format("return [[type(value).__name__ for value in data[0].values()]]")
    folder = write(tmp_path, h=kinds)
    assert handle(folder, "h:handle", asked, decodes=True).answer.json() == ["str", "bytearray", "bytearray"]
    assert handle(folder, "h:handle", asked).answer.json() == ["bytearray"] * 3


def test_an_input_that_is_not_what_it_says_fails_alone(tmp_path: Path) -> None:
    """Ours: MMS lets the worker go."""
    batch = [request("{", "application/json", identity="a"), request("1", "application/json", identity="b")]
    bad, good = handle(write(tmp_path, h=LOOKS), "h:handle", batch, decodes=True).answers
    assert (bad.status, bad.content_type) == (400, "application/json")
    error = bad.json()
    assert isinstance(error, dict)
    assert (error["code"], error["type"]) == (400, "BadRequestException")
    assert "application/json" in str(error["message"])
    found = good.json()
    assert isinstance(found, list)
    assert found[2:] == ["b", 1]


def test_what_a_handler_knows_of_its_model(tmp_path: Path) -> None:
    module = """
import os, sys
def handle(data, context):
    if data is None: return
    return [{
        "system": context.system_properties, "manifest": context.manifest, "name": context.model_name,
        "cwd": os.getcwd(), "argv": sys.argv, "path": sys.path[:2], "own": os.environ["OWN"],
        "variable": os.environ["PYTHONPATH"].split(":")[:2], "omp": os.environ["OMP_NUM_THREADS"],
        "mxnet": os.environ["MXNET_USE_OPERATOR_TUNING"],
    }]
"""
    (tmp_path / "code").mkdir()
    folder = write(tmp_path, h=module)
    manifest: Header = {"model": {"handler": "h.py:handle"}}
    handled = handle(
        folder, "h.py:handle", [request()], manifest=manifest, batch_size=4, gpu_id=2, variables={"OWN": "1"}
    )
    answer = handled.answer.json()
    assert answer == {
        "system": {
            "model_dir": str(folder),
            "gpu_id": 2,
            "batch_size": 4,
            "server_name": "MMS",
            "server_version": "1.1.11",
        },
        "manifest": manifest,
        "name": "m",
        "cwd": os.path.realpath(folder),
        "argv": ["h.py:handle"],
        "path": [f"{folder}/code", str(folder)],
        "variable": [f"{folder}/code", str(folder)],
        "own": "1",
        "omp": "1",
        "mxnet": "0",
    }


def test_the_path_has_the_handlers_folder_then_pythonpath_then_the_model(tmp_path: Path) -> None:
    for name in ("server", "shared", "model"):
        (tmp_path / name).mkdir()
    module = "import sys\n" + RAISES.format("return [sys.path[:3]]")
    write(tmp_path / "server", h=module)
    handled = handle(
        tmp_path / "model",
        f"{tmp_path}/server/h.py:handle",
        [request()],
        variables={"PYTHONPATH": f"{tmp_path}/shared"},
    )
    assert handled.answer.json() == [str(tmp_path / name) for name in ("server", "shared", "model")]


def test_what_is_measured_becomes_lines(tmp_path: Path) -> None:
    module = """
from mms.metrics.dimension import Dimension
def handle(data, context):
    if data is None:
        context.metrics.add_time("Load", 3, unit="s")
        return
    context.metrics.add_counter("Calls", 1, 0)
    context.metrics.add_counter("Calls", 2, 0)
    context.metrics.add_size("Body", 1.5, 0, "kB", [Dimension("Kind", "csv")])
    context.metrics.add_error("Oops", "why")
    return ["ok" for _ in data]
"""
    output = handle(write(tmp_path, h=module), "h:handle", [request()], [request()]).output
    lines = [line.partition("|#hostname:")[0] for line in output.splitlines()]
    calls = [
        "[METRICS]Calls.Count:3|#ModelName:m,Level:Model",
        "[METRICS]Body.Kilobytes:1.5|#Kind:csv,ModelName:m,Level:Model",
        "[METRICS]Oops.unit:why|#Level:Error",
    ]
    assert lines == ["[METRICS]Load.Seconds:3|#ModelName:m,Level:Model", *calls, *calls]
    assert ",requestID:id,timestamp:" in output


def test_logging_and_printing_are_lines_of_the_log(tmp_path: Path) -> None:
    module = "import logging\n" + RAISES.format("logging.info('logged'); print('printed'); return [1]")
    assert handle(write(tmp_path, h=module), "h:handle", [request()]).output == "logged\nprinted\n"


def test_base_classes_of_handlers_can_be_extended(tmp_path: Path) -> None:
    module = """
from mms.model_service.model_service import SingleNodeService
class Twice(SingleNodeService):
    def _preprocess(self, data): return [int(one["body"]) for one in data]
    def _inference(self, numbers): return [2 * number for number in numbers]
"""
    assert handle(write(tmp_path, h=module), "h", [request("21")]).answer.body == b"42"


IMAGES = """
import glob, json, os
class ModelHandler(object):
    def __init__(self): self.initialized = False
    def initialize(self, context):
        self.initialized = True
        properties = context.system_properties
        folder = properties.get("model_dir")
        assert properties.get("gpu_id") is None
        prefix = os.path.basename(glob.glob(folder + "/*-symbol.json")[0]).split("-symbol.json")[0]
        with open(os.path.join(folder, prefix + "-shapes.json")) as file:
            self.shape = json.load(file)[0]["shape"]
        with open("synset.txt") as file: self.labels = [line.rstrip() for line in file]
    def handle(self, data, context):
        sizes = [len(one.get("body")) for one in data]
        return [["%s: %d of %s" % (label, size, self.shape) for label in self.labels] for size in sizes]

_service = ModelHandler()

def handle(data, context):
    if not _service.initialized: _service.initialize(context)
    if data is None: return None
    return _service.handle(data, context)
"""


def test_a_handler_as_in_the_sample_container_opens_its_files_by_relative_path(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    model = tmp_path / "model"
    model.mkdir()
    write(tmp_path / "server", model_handler=IMAGES)
    (model / "resnet-symbol.json").write_text("{}")
    (model / "resnet-shapes.json").write_text(json.dumps([{"shape": [1, 3]}]))
    (model / "synset.txt").write_text("cat\ndog\n")
    handled = handle(model, f"{tmp_path}/server/model_handler.py:handle", [request(b"\xff\xd8\xff")])
    assert handled.answer.json() == ["cat: 3 of [1, 3]", "dog: 3 of [1, 3]"]
