"""`sagemaker_inference` as ours: the functions of an inference.py, formats, errors, and the entry point."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse

from handling import handle, request, write_file

if TYPE_CHECKING:
    from handling import Answer

HANDLER = "sagemaker_inference.default_handler_service"
PACKAGES = Path(__file__).parents[1] / "src" / "hostler" / "handlers" / "packages"
TWICE = """
import numpy as np
def model_fn(model_dir): return 2.0
def predict_fn(data, model):
    if not isinstance(data, str) and hasattr(data, "toarray"): data = data.toarray()
    return np.asarray(data) * model
"""


def ask(folder: Path, body: bytes | str, content_type: str = "", accept: str | None = None) -> Answer:
    headers = {} if accept is None else {"Accept": accept}
    return handle(folder, HANDLER, [request(body, content_type, headers)]).answer


def npy(value: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array(value))
    return stream.getvalue()


def npz(value: list[list[int]]) -> bytes:
    stream = io.BytesIO()
    sparse.save_npz(stream, sparse.csr_matrix(np.array(value)))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", "[[1, 2]]"),
        ("application/json; charset=utf-8", "[[1, 2]]"),
        ("text/csv", "1,2"),
        ("text/csv; charset=utf-8", "1,2"),
        ("TEXT/CSV;charset=UTF-16", "1,2".encode("utf-16")),
        ("application/x-npy", npy([[1, 2]])),
        ("application/x-npz", npz([[1, 2]])),
    ],
)
def test_bodies_become_arrays(tmp_path: Path, content_type: str, body: str | bytes) -> None:
    answer = ask(write_file(tmp_path, TWICE), body, content_type)
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert np.ravel(np.array(json.loads(answer.body))).tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("accept", "content_type", "body"),
    [
        (None, "application/json", b"[[2.0, 4.0]]"),
        ("*/*", "application/json", b"[[2.0, 4.0]]"),
        ("text/csv", "text/csv", b"2.0,4.0\n"),
        ("text/csv; charset=utf-8", "text/csv", b"2.0,4.0\n"),
        ("application/json;q=0.5", "application/json", b"[[2.0, 4.0]]"),
        ("application/json;q=0.5, text/csv", "text/csv", b"2.0,4.0\n"),
        ("image/png, text/*;q=0.1", "text/csv", b"2.0,4.0\n"),
        ("image/png, */*;q=0.1", "application/json", b"[[2.0, 4.0]]"),
        ("application/json;q=0, text/csv", "text/csv", b"2.0,4.0\n"),
        ("application/x-npy", "application/x-npy", npy([[2.0, 4.0]])),
    ],
)
def test_answers_are_what_the_caller_likes_best(
    tmp_path: Path, accept: str | None, content_type: str, body: bytes
) -> None:
    answer = ask(write_file(tmp_path, TWICE), "[[1, 2]]", "application/json", accept)
    assert (answer.status, answer.content_type, answer.body) == (200, content_type, body)


def test_the_default_of_the_container_is_for_callers_who_do_not_say(tmp_path: Path) -> None:
    variables = {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"}
    asked = [request("[[1]]", "application/json", {"accept": "*/*"})]
    answer = handle(write_file(tmp_path, TWICE), HANDLER, asked, variables=variables).answer
    assert (answer.content_type, answer.body) == ("text/csv", b"2.0\n")


def pickled() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content_type", "accept", "body", "status", "phrase"),
    [
        ("image/png", None, b"x", 415, "Unsupported Media Type"),
        ("", None, b"x", 415, "Unsupported Media Type"),
        ("application/json", "image/png", b"[1]", 406, "Not Acceptable"),
        ("application/json", None, b"[1", 400, "Bad Request"),
        ("text/csv", None, b"\xff", 400, "Bad Request"),
        ("text/csv; charset=nonsense", None, b"1", 400, "Bad Request"),
        ("application/x-npy", None, b"nonsense", 400, "Bad Request"),
        ("application/x-npy", None, b"", 400, "Bad Request"),
        ("application/x-npy", None, pickled(), 400, "Bad Request"),
        ("application/x-npz", None, b"nonsense", 400, "Bad Request"),
    ],
)
def test_what_cannot_be_read_or_written_is_the_callers_to_mend(
    tmp_path: Path, content_type: str, accept: str | None, body: bytes, status: int, phrase: str
) -> None:
    answer = ask(write_file(tmp_path, TWICE), body, content_type, accept)
    assert (answer.status, answer.phrase, answer.content_type) == (status, phrase, "text/plain")
    assert b"Traceback" not in answer.body


RAISING = """
from sagemaker_inference import errors
def model_fn(model_dir): return None
def input_fn(data, content_type): return data
def predict_fn(data, model):
    {}
"""


@pytest.mark.parametrize(
    ("statement", "status", "phrase", "body"),
    [
        ("raise ValueError('user boom\\nline2')", 500, "Internal Server Error", b"user boom"),
        ("raise KeyError()", 500, "Internal Server Error", b"KeyError"),
        ("raise errors.GenericInferenceToolkitError(422, 'bad thing')", 422, "bad thing", b"bad thing"),
        ("raise errors.GenericInferenceToolkitError(422)", 422, "Invalid Request", b"Invalid Request"),
        ("raise errors.BaseInferenceToolkitError(418, 'm', 'a\\r\\nb')", 418, "a  b", b"m"),
    ],
)
def test_errors_say_what_they_mean_to_say_and_no_more(
    tmp_path: Path, statement: str, status: int, phrase: str, body: bytes
) -> None:
    handled = handle(write_file(tmp_path, RAISING.format(statement)), HANDLER, [request("x", "text/plain")])
    answer = handled.answer
    assert (answer.status, answer.phrase, answer.body) == (status, phrase, body)
    assert ("Traceback" in handled.output) == (status == 500)
    assert body.decode() in handled.output


def test_memory_that_is_missing_in_predict_fails_the_batch(tmp_path: Path) -> None:
    folder = write_file(tmp_path, RAISING.format("raise MemoryError('x')"))
    assert handle(folder, HANDLER, [request("x", "text/plain")]).failure == (507, "Out of resources")


@pytest.mark.parametrize(
    ("module", "code", "message"),
    [
        ("def model_fn(model_dir): raise MemoryError('no mem')", "OUT_OF_MEMORY", "no mem"),
        ("def model_fn(model_dir): raise ValueError('no file')", "LOAD_FAILED", "no file"),
        ("", "LOAD_FAILED", "Please provide a model_fn implementation"),
        (
            "def transform_fn(): ...\ndef predict_fn(): ...",
            "LOAD_FAILED",
            "Cannot use transform_fn implementation",
        ),
        ("import nowhere_to_be_found", "LOAD_FAILED", "nowhere_to_be_found"),
    ],
)
def test_what_fails_while_it_loads_fails_the_load(
    tmp_path: Path, module: str, code: str, message: str
) -> None:
    error = handle(write_file(tmp_path, module), HANDLER).error
    assert error is not None
    assert error["code"] == code
    assert message in str(error["message"])


def test_each_model_has_an_inference_py_of_its_own(tmp_path: Path) -> None:
    """The real toolkit finds the shared one alone."""
    shared = write_file(tmp_path / "models", TWICE, "code/inference.py") / "code"
    own = write_file(tmp_path / "own", TWICE.replace("2.0", "3.0"), "code/inference.py")
    (tmp_path / "none").mkdir()
    variables = {"PYTHONPATH": str(shared)}
    asked = [request("[1]", "application/json")]
    assert handle(own, HANDLER, asked, variables=variables).answer.json() == [3.0]
    assert handle(tmp_path / "none", HANDLER, asked, variables=variables).answer.json() == [2.0]


def test_the_module_may_have_another_name(tmp_path: Path) -> None:
    folder = write_file(tmp_path, TWICE, "code/other.py")
    variables = {"SAGEMAKER_PROGRAM": "other.py"}
    asked = [request("[1]", "application/json")]
    assert handle(folder, HANDLER, asked, variables=variables).answer.json() == [2.0]


EVERY = """
said = []
def pre_model_fn(model_dir): said.append("pre")
def model_fn(model_dir, context): said.append(context.model_name); return said
def model_warmup_fn(model_dir, model): model.append("warm")
def transform_fn(model, body, content_type, accept, context):
    said = [*model, body, content_type, accept, context.get_request_header(0, "X-One")]
    return " ".join(said), "text/x-own"
"""


def test_transform_fn_gets_everything_and_every_request_its_own(tmp_path: Path) -> None:
    batch = [
        request("1,2", "text/csv; charset=utf-8", {"X-One": "a"}),
        request('"x"', "application/json", {"X-One": "b", "accept": "text/csv"}),
    ]
    answers = handle(write_file(tmp_path, EVERY), HANDLER, batch, batch_size=2).answers
    assert [(answer.content_type, answer.body) for answer in answers] == [
        ("text/x-own", b"pre m warm 1,2 text/csv application/json a"),
        ("text/x-own", b'pre m warm "x" application/json text/csv b'),
    ]


def test_of_a_batch_only_the_request_that_fails_fails(tmp_path: Path) -> None:
    batch = [request("[1]", "application/json"), request("[", "application/json"), request("1", "image/png")]
    answers = handle(write_file(tmp_path, TWICE), HANDLER, batch, batch_size=3).answers
    assert [answer.status for answer in answers] == [200, 400, 415]


def test_input_fn_may_take_the_context(tmp_path: Path) -> None:
    module = TWICE + (
        "def input_fn(body, content_type, context):\n"
        "    return int(context.get_request_header(0, 'X-Amzn-SageMaker-Custom-Attributes'))\n"
        "def output_fn(prediction, accept): return str(prediction)\n"
    )
    headers = {"X-Amzn-SageMaker-Custom-Attributes": "21", "Accept": "text/plain, */*;q=0.1"}
    answer = handle(write_file(tmp_path, module), HANDLER, [request("", "text/plain", headers)]).answer
    assert (answer.content_type, answer.body) == ("text/plain", b"42.0")


def test_frameworks_extend_the_defaults(tmp_path: Path) -> None:
    module = """
from sagemaker_inference.default_handler_service import DefaultHandlerService
from sagemaker_inference.default_inference_handler import DefaultInferenceHandler
from sagemaker_inference.transformer import Transformer
from sagemaker_inference import content_types, decoder, encoder, environment, logging, parameters, utils
logging.configure_logger()
class Handler(DefaultInferenceHandler):
    def default_model_fn(self, model_dir): return 5
    def default_predict_fn(self, data, model): return data * model
class HandlerService(DefaultHandlerService):
    def __init__(self): super().__init__(transformer=Transformer(default_inference_handler=Handler()))
"""
    folder = write_file(tmp_path, module, "handler_service.py")
    asked = [request("[2]", "application/json")]
    assert handle(folder, "handler_service", asked).answer.json() == [10]
