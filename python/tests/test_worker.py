"""A worker process: commands, calls, cancellations, and what it does with nonsense."""

from __future__ import annotations

import random
import socket
import threading
from typing import TYPE_CHECKING

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from front import PATIENCE_S, Front, Peer, wait_for_end
from hostler import runtimes
from hostler.protocol import errors, fields, frames
from hostler.protocol.errors import ConnectionEnded
from hostler.transport import BUFFER_BYTES, Connection
from hostler.worker import Worker
from serving import Output, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from front import Received
    from hostler.protocol.fields import Header, JsonValue

ROWS = np.random.default_rng(0).normal(size=(2000, 3))
CLASSES = np.arange(len(ROWS)) % 3


@pytest.fixture(scope="module")
def zygote() -> Iterator[tuple[Front, Peer]]:
    front = Front()
    _, peer = front.zygote(["numpy", "sklearn", "joblib"])
    yield front, peer
    front.stop()


@pytest.fixture
def worker(zygote: tuple[Front, Peer]) -> Iterator[Peer]:
    """A worker of its own for each test, which is gone after it."""
    front, peer = zygote
    worker, lifeline = front.fork(peer, 1)
    yield worker
    worker.close()
    lifeline.close()
    while peer.receive().kind != frames.EXITED:
        pass


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("model") / "model.joblib"
    joblib.dump(LogisticRegression().fit(ROWS, CLASSES), path)
    return path


def load(worker: Peer, artifact: Path, model: int = 1, **fields_: JsonValue) -> Received:
    header: Header = {
        "model": model,
        "name": "wine",
        "version": None,
        "runtime": "sklearn",
        "artifact": str(artifact),
        "folder": str(artifact.parent),
        "extra": {},
    }
    return worker.ask(frames.LOAD, header | fields_)


def call_header(
    rows: np.typing.NDArray[np.float64], part_fields: Header | None = None, **fields_: JsonValue
) -> Header:
    part: Header = {
        "type": "tensor",
        "name": "predict",
        "datatype": "FP64",
        "shape": list(rows.shape),
        "encoding": "binary",
        "bytes": rows.nbytes,
        **(part_fields or {}),
    }
    header: Header = {"model": 1, "method": "infer", "outputs": None, "parameters": {}, "parts": [part]}
    return header | fields_


def error_of(received: Received) -> Header:
    assert received.kind == frames.END
    return fields.mapping(received.header, "error")


def test_it_loads_and_answers(worker: Peer, artifact: Path) -> None:
    result = fields.mapping(load(worker, artifact).header, "result")
    assert result["model_class"] == "sklearn.linear_model._logistic.LogisticRegression"
    assert result["outputs"] == ["predict", "predict_proba", "decision_function"]
    memory = fields.mapping(result, "memory")
    assert fields.number(memory, "after_bytes") >= fields.number(memory, "before_bytes") // 2 > 0
    assert "sklearn.linear_model" in fields.texts(result, "modules")
    load_ms = result["load_ms"]
    assert isinstance(load_ms, float)

    expected = joblib.load(artifact)
    for count in (1, 1, 32, 2000):  # the second is planned already, the last is larger than a buffer
        rows = ROWS[:count]
        answer = worker.ask(
            frames.CALL, call_header(rows, outputs=["predict", "predict_proba"]), rows.tobytes()
        )
        assert answer.kind == frames.CHUNK
        assert set(fields.mapping(answer.header, "timing_us")) == {"decode", "compute"}
        labels, probabilities = read(answer.header, answer.payload)
        assert labels == Output("predict", "INT64", [count, 1], expected.predict(rows).tolist())
        assert probabilities.values == expected.predict_proba(rows).ravel().tolist()


def test_a_large_call_goes_both_ways(worker: Peer, artifact: Path) -> None:
    load(worker, artifact)
    rows = np.repeat(ROWS, 40, axis=0)
    assert rows.nbytes > 4 * BUFFER_BYTES
    answer = worker.ask(frames.CALL, call_header(rows, outputs=["predict_proba"]), rows.tobytes())
    (probabilities,) = read(answer.header, answer.payload)
    assert probabilities.shape == [len(rows), 3]


def test_json_goes_through_byte_for_byte(worker: Peer, artifact: Path) -> None:
    load(worker, artifact)
    text = b" [[1, 2.5, -3e0],\n[0,0,0]] "
    answer = worker.ask(frames.CALL, call_header(ROWS[:2], {"encoding": "json", "bytes": len(text)}), text)
    (labels,) = read(answer.header, answer.payload)
    assert labels.values == joblib.load(artifact).predict([[1, 2.5, -3], [0, 0, 0]]).tolist()


def test_calls_are_answered_in_order(worker: Peer, artifact: Path) -> None:
    load(worker, artifact)
    header, data = call_header(ROWS[:1]), ROWS[:1].tobytes()
    sent = [worker.send(frames.CALL, header, data) for _ in range(50)]
    assert [worker.receive().identity for _ in range(50)] == sent


def test_a_call_that_was_cancelled_in_time_is_skipped(worker: Peer, artifact: Path) -> None:
    load(worker, artifact)
    header, data = call_header(ROWS[:1]), ROWS[:1].tobytes()
    burst = b"".join(
        (
            frames.render(frames.CALL, 101, header, data),
            frames.render(frames.CALL, 102, header, data),
            frames.render(frames.CANCEL, 102, {}),
            frames.render(frames.CANCEL, 999, {}),
            frames.render(frames.CALL, 103, header, data),
        )
    )
    worker.connection.send(burst)
    answers = [worker.receive() for _ in range(3)]
    assert [(answer.kind, answer.identity) for answer in answers] == [
        (frames.CHUNK, 101),
        (frames.END, 102),
        (frames.CHUNK, 103),
    ]
    assert answers[1].header == {}


def test_many_calls_may_wait_and_any_be_cancelled(worker: Peer, artifact: Path) -> None:
    load(worker, artifact)
    header, data = call_header(ROWS[:1]), ROWS[:1].tobytes()
    calls = [frames.render(frames.CALL, identity, header, data) for identity in range(1000, 3000)]
    cancels = [frames.render(frames.CANCEL, identity, {}) for identity in range(1000, 3000)]
    kinds = {}
    writer = threading.Thread(target=lambda: worker.connection.send(b"".join(calls + cancels)))
    writer.start()
    for _ in calls:
        answer = worker.receive()
        kinds[answer.identity] = answer.kind
    writer.join()
    assert set(kinds) == set(range(1000, 3000))
    assert kinds[1000] == frames.CHUNK
    assert worker.ask(frames.CALL, header, data).kind == frames.CHUNK


def test_a_model_is_forgotten(worker: Peer, artifact: Path) -> None:
    load(worker, artifact)
    load(worker, artifact, model=2)
    assert worker.result(frames.HEALTH, {})["models"] == [1, 2]
    assert fields.number(worker.result(frames.UNLOAD, {"model": 1}), "private_bytes") > 0
    assert worker.result(frames.HEALTH, {})["models"] == [2]
    answer = worker.ask(frames.CALL, call_header(ROWS[:1]), ROWS[:1].tobytes())
    assert error_of(answer)["code"] == "UNKNOWN_MODEL"
    assert error_of(worker.ask(frames.UNLOAD, {"model": 1}))["code"] == "UNKNOWN_MODEL"


def test_a_number_can_be_loaded_anew(worker: Peer, artifact: Path) -> None:
    header, data = call_header(ROWS[:1]), ROWS[:1].tobytes()
    load(worker, artifact)
    (first,) = read(*worker.ask(frames.CALL, header, data)[2:])
    load(worker, artifact, extra={"predict_fn": "predict_proba"})
    (second,) = read(*worker.ask(frames.CALL, header, data)[2:])
    assert (first.name, second.name) == ("predict", "predict_proba")


def test_an_error_is_an_answer_and_leaves_no_traceback(worker: Peer, artifact: Path) -> None:
    load(worker, artifact)
    rows = ROWS[:1, :2]
    error = error_of(worker.ask(frames.CALL, call_header(rows), rows.tobytes()))
    assert error == {
        "code": "INVALID_INPUT",
        "message": "X has 2 features, but LogisticRegression is expecting 3 features as input.",
        "type": "builtins.ValueError",
        "field": "inputs[0].shape",
        "expected": "shape [-1, 3]",
        "got": "shape [1, 2]",
    }
    answer = worker.ask(frames.CALL, call_header(ROWS[:1]), ROWS[:1].tobytes())
    assert answer.kind == frames.CHUNK


def test_a_load_that_fails_is_told_and_logged(worker: Peer, tmp_path: Path) -> None:
    (tmp_path / "model.joblib").write_bytes(b"noise")
    identity = worker.send(
        frames.LOAD,
        {
            "model": 3,
            "name": "noise",
            "version": "1",
            "runtime": "sklearn",
            "artifact": str(tmp_path),
            "folder": str(tmp_path),
            "extra": {},
        },
    )
    log, answer = worker.receive(), worker.receive()
    assert (log.kind, log.header["level"], log.header["model"]) == (frames.LOG, "error", 3)
    assert "Traceback" in str(log.header["message"])
    assert answer.identity == identity
    error = error_of(answer)
    assert error["code"] == "LOAD_FAILED"
    assert str(tmp_path / "model.joblib") in str(error["message"])
    assert "Traceback" not in str(error)


def test_an_error_longer_than_a_header_is_told_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("x" * 2 * frames.HEADER_LIMIT)

    monkeypatch.setattr(runtimes, "load", fail)
    ours, theirs = socket.socketpair()
    peer = Peer(Connection(ours), {})
    header: Header = {"model": 1, "name": "m", "runtime": "sklearn", "artifact": "/m", "folder": "/"}
    identity = peer.send(frames.LOAD, header)
    ours.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionEnded), theirs:
        Worker(Connection(theirs)).serve()
    assert peer.receive().kind == frames.LOG
    answer = peer.receive()
    assert (answer.identity, error_of(answer)["code"]) == (identity, errors.LOAD_FAILED)
    peer.close()


def test_an_unknown_runtime_is_refused(worker: Peer, artifact: Path) -> None:
    error = error_of(load(worker, artifact, runtime="nonsense"))
    assert (error["code"], error["message"]) == (
        "LOAD_FAILED",
        "there is no runtime 'nonsense'; known are sklearn, xgboost",
    )


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        (frames.CALL, {}),
        (frames.CALL, {"model": 1, "method": "train", "parts": []}),
        (frames.CALL, {"model": 1, "method": "infer", "parts": [{"bytes": 5, "type": "tensor"}]}),
        (frames.LOAD, {"model": 1}),
        (frames.UNLOAD, {}),
        (frames.FORK, {"worker": 1, "token": "t"}),
        (frames.HELLO, {"protocol": 1}),
    ],
)
def test_a_broken_command_ends_the_worker(kind: int, header: Header, zygote: tuple[Front, Peer]) -> None:
    front, peer = zygote
    worker, lifeline = front.fork(peer, 9)
    worker.send(kind, header)
    exited = peer.receive().header
    assert (exited["worker"], exited["code"]) == (9, 70)
    lifeline.close()


@pytest.mark.parametrize("seed", range(8))
def test_noise_ends_the_worker(seed: int, zygote: tuple[Front, Peer]) -> None:
    front, peer = zygote
    worker, lifeline = front.fork(peer, 9)
    dice = random.Random(seed)
    noise = (
        dice.randbytes(4096) if seed % 2 else frames.render(frames.CALL, 1, {}, b"")[:16] + b"{}" + bytes(20)
    )
    worker.connection.send(noise)
    exited = peer.receive().header
    assert (exited["worker"], exited["code"]) == (9, 70)
    lifeline.close()


@pytest.mark.linux
def test_a_worker_can_be_spawned_without_a_zygote(artifact: Path) -> None:
    front = Front()
    try:
        process = front.start("worker", worker=4)
        pair = {str(peer.hello["role"]): peer for peer in (front.accept(), front.accept())}
        worker, lifeline = pair["worker"], pair["lifeline"]
        assert worker.hello["worker"] == 4
        assert "result" in load(worker, artifact).header  # it serves, so its lifeline is armed
        lifeline.close()
        wait_for_end(process.pid)
        assert process.wait(PATIENCE_S) == -9
    finally:
        front.stop()


def test_a_model_that_finds_memory_free_is_as_large_as_before(worker: Peer, tmp_path: Path) -> None:
    model = LogisticRegression().fit(ROWS, CLASSES)
    model.ballast = [np.full(1_000, index, float) for index in range(1_000)]
    joblib.dump(model, tmp_path / "model.joblib")
    sizes: list[float] = []
    for number in (1, 2, 1, 2):
        if len(sizes) > 1:
            worker.result(frames.UNLOAD, {"model": number})
        result = fields.mapping(load(worker, tmp_path, model=number).header, "result")
        memory = fields.mapping(result, "memory")
        sizes.append(fields.number(memory, "after_bytes") - fields.number(memory, "before_bytes"))
    # The first one also imports the framework.
    assert all(8_000_000 < size < 20_000_000 for size in sizes[1:]), sizes


def test_memory_comes_back_after_an_unload(worker: Peer, tmp_path: Path) -> None:
    model = LogisticRegression().fit(ROWS, CLASSES)
    model.ballast = np.ones(20_000_000)
    joblib.dump(model, tmp_path / "model.joblib")
    result = fields.mapping(load(worker, tmp_path).header, "result")
    memory = fields.mapping(result, "memory")
    before, after = fields.number(memory, "before_bytes"), fields.number(memory, "after_bytes")
    assert after - before > 150_000_000
    left = fields.number(worker.result(frames.UNLOAD, {"model": 1}), "private_bytes")
    assert left < before + 30_000_000
