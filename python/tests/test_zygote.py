"""The zygote: real processes, a real socket, and every way in which one of them can end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from front import MAIN, PATIENCE_S, Front, wait_for_end
from hostler.lifeline import FRONT_GONE
from hostler.protocol import fields, frames

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.linux


@pytest.fixture
def front() -> Iterator[Front]:
    front = Front()
    yield front
    front.stop()


def number(value: object) -> int:
    assert isinstance(value, int)
    return value


def test_it_says_hello_before_it_imports(front: Front) -> None:
    process = front.start("zygote", imports=["json", "numpy", "nowhere.to_be_found"])
    zygote = front.accept()

    assert zygote.hello["role"] == "zygote"
    assert zygote.hello["token"] == "t"
    assert zygote.hello["pid"] == process.pid
    assert zygote.hello["python"] == sys.version.split()[0]
    assert Path(str(zygote.hello["executable"])).samefile(sys.executable)
    frameworks = zygote.hello["frameworks"]
    assert isinstance(frameworks, dict)
    assert frameworks["numpy"] == __import__("numpy").__version__

    imports = zygote.receive()
    assert (imports.kind, imports.identity) == (frames.END, 0)
    result = imports.header["result"]
    assert isinstance(result, dict)
    assert result["imported"] == ["json", "numpy"]
    assert result["failed"] == {
        "nowhere.to_be_found": "builtins.ModuleNotFoundError: No module named 'nowhere'"
    }


def test_it_forks_workers_that_say_who_they_are(front: Front) -> None:
    _, zygote = front.zygote()
    pids = set()
    for index in range(3):
        started = time.perf_counter()
        worker, lifeline = front.fork(zygote, index)
        print(f"fork to both HELLOs: {(time.perf_counter() - started) * 1000:.1f} ms")
        assert worker.hello["worker"] == lifeline.hello["worker"] == index
        assert worker.hello["token"] == lifeline.hello["token"] == f"w{index}"
        pids.add(worker.hello["pid"])
        assert os.getpgid(number(worker.hello["pid"])) == worker.hello["pid"]
        assert Path(f"/proc/{worker.hello['pid']}/comm").read_text().strip() == "hostler-worker"
        assert int(Path(f"/proc/{worker.hello['pid']}/oom_score_adj").read_text()) > 0
    assert len(pids) == 3


def test_children_draw_different_numbers() -> None:
    program = """
import os, random, sys
import numpy.random
sys.path.append(sys.argv[1])
from hostler import process
for _ in range(3):
    child = os.fork()
    if child == 0:
        process.become_child()
        print(numpy.random.random(), random.random(), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(MAIN.parent.parent)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert len(set(done.stdout.split())) == 6, done.stderr


def test_threads_are_warned_of(front: Front, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "starts_a_thread.py").write_text(
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    front.start("zygote", imports=["starts_a_thread"], environment={"PYTHONPATH": str(tmp_path)})
    front.accept().receive()
    assert "have started 1 threads, with which forking is unsafe" in capfd.readouterr().err


def test_it_reports_how_workers_end(front: Front) -> None:
    _, zygote = front.zygote()
    worker, _ = front.fork(zygote, 1)
    pid = number(worker.hello["pid"])
    os.kill(pid, signal.SIGKILL)
    exited = zygote.receive()
    assert (exited.kind, exited.identity) == (frames.EXITED, 0)
    assert exited.header == {"worker": 1, "pid": pid, "code": None, "signal": 9}

    other, _ = front.fork(zygote, 2)
    other.close()
    assert zygote.receive().header == {"worker": 2, "pid": other.hello["pid"], "code": 0, "signal": None}


def test_many_workers_may_end_at_once(front: Front) -> None:
    _, zygote = front.zygote()
    workers = [front.fork(zygote, index)[0] for index in range(6)]
    for worker in workers:
        os.kill(number(worker.hello["pid"]), signal.SIGTERM)
    reported = {number(zygote.receive().header["worker"]) for _ in workers}
    assert reported == set(range(6))


def test_it_imports_more_and_tells_its_health(front: Front) -> None:
    _, zygote = front.zygote()
    result = zygote.result(frames.IMPORT, {"modules": ["colorsys", "nowhere"]})
    assert result["imported"] == ["colorsys"]
    assert "nowhere" in fields.mapping(result, "failed")
    health = zygote.result(frames.HEALTH, {})
    assert number(health["private_bytes"]) > 100_000
    assert health["models"] == []


def test_nothing_outlives_a_killed_front() -> None:
    """Not a process, not even one that is busy; nor a folder."""
    front = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "front.py")], stdout=subprocess.PIPE, text=True
    )
    assert front.stdout is not None
    with front.stdout as stdout:
        folder, *pids = stdout.readline().split()
    assert len(pids) == 3
    assert Path(folder).exists()
    started = time.perf_counter()
    front.kill()
    for pid in pids:
        wait_for_end(int(pid))
    print(f"all ended after {(time.perf_counter() - started) * 1000:.1f} ms")
    assert not Path(folder).exists()
    front.wait()


def test_a_front_that_is_killed_while_its_zygote_imports_leaves_no_folder(tmp_path: Path) -> None:
    released = tmp_path / "released"
    module = f"import os, time\nwhile not os.path.exists({str(released)!r}): time.sleep(0.01)\n"
    (tmp_path / "until_released.py").write_text(module)
    front = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "front.py"), "until_released"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert front.stdout is not None
    with front.stdout as stdout:
        folder, zygote = stdout.readline().split()
    front.kill()
    front.wait()
    released.touch()
    wait_for_end(int(zygote))
    assert not Path(folder).exists()


def test_a_dismissed_zygote_leaves_the_folder_to_the_others(front: Front) -> None:
    process, zygote = front.zygote()
    worker, _ = front.fork(zygote, 1)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(PATIENCE_S) == 0
    wait_for_end(number(worker.hello["pid"]))
    assert Path(front.socket).exists()


def test_when_its_connection_closes_it_ends(front: Front) -> None:
    process, zygote = front.zygote()
    zygote.close()
    assert process.wait(PATIENCE_S) == 0


def test_workers_outlive_a_killed_zygote(front: Front) -> None:
    process, zygote = front.zygote()
    worker, lifeline = front.fork(zygote, 1)
    process.kill()
    process.wait()
    assert worker.result(frames.HEALTH, {})["models"] == []
    lifeline.close()
    wait_for_end(number(worker.hello["pid"]))


def test_a_worker_never_outlives_its_lifeline(front: Front) -> None:
    _, zygote = front.zygote()
    worker, lifeline = front.fork(zygote, 1)
    worker.result(frames.HEALTH, {})  # it serves, so its lifeline is armed
    lifeline.close()
    exited = zygote.receive().header
    assert (exited["worker"], exited["signal"]) == (1, 9)
    assert worker.hello["pid"] == exited["pid"]


def test_a_refused_worker_ends(front: Front) -> None:
    _, zygote = front.zygote()
    zygote.send(frames.FORK, {"worker": 5, "token": "stale"})
    refused = [front.accept(welcome=False) for _ in range(2)]
    for peer in refused:
        peer.close()
    answers = [zygote.receive() for _ in range(2)]
    (exited,) = [answer.header for answer in answers if answer.kind == frames.EXITED]
    assert exited["worker"] == 5
    # Whichever connection it saw close first, and when.
    assert exited["code"] in (0, FRONT_GONE) or exited["signal"] == signal.SIGKILL


@pytest.mark.parametrize("kind", [frames.CALL, frames.LOAD, frames.CHUNK])
def test_a_frame_that_is_not_for_a_zygote_ends_it(kind: int, front: Front) -> None:
    process, zygote = front.zygote()
    zygote.send(kind, {})
    assert process.wait(PATIENCE_S) == 70


def test_an_interrupt_in_the_terminal_does_not_reach_it(front: Front) -> None:
    process, zygote = front.zygote()
    assert os.getpgid(process.pid) == process.pid
    process.send_signal(signal.SIGINT)
    assert zygote.result(frames.HEALTH, {})["models"] == []


@pytest.mark.parametrize("line", [b"", b"{}\n", b"not json\n", b'{"socket": 5}\n'])
def test_a_broken_launch_line_is_said(line: bytes) -> None:
    done = subprocess.run(
        [sys.executable, str(MAIN), "zygote"], input=line, capture_output=True, timeout=PATIENCE_S
    )
    assert done.returncode == 70
    assert done.stderr.startswith(b"hostler zygote: ")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["zygote", "worker"]])
def test_other_arguments_are_refused(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, str(MAIN), *arguments], capture_output=True, timeout=PATIENCE_S)
    assert done.returncode == 1
    assert b"usage:" in done.stderr


def test_nothing_of_ours_hides_an_installed_module(tmp_path: Path) -> None:
    """Run by path, our own folder must not answer `import memory`, nor its parent come first."""
    check = f"""
import runpy, sys
sys.path[0] = {str(MAIN.parent)!r}
runpy.run_path({str(MAIN)!r}, run_name="other")["put_package_last"]()
print(sys.path[-1], "hostler" in sys.modules, {str(MAIN.parent)!r} in sys.path)
"""
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, timeout=PATIENCE_S, cwd=tmp_path
    )
    assert done.stdout.split() == [str(MAIN.parent.parent), "True", "False"], done.stderr


def test_a_socket_where_nobody_listens(tmp_path: Path) -> None:
    path = str(tmp_path / "nobody.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
    line = f'{{"socket": "{path}", "token": "t", "imports": []}}\n'.encode()
    done = subprocess.run(
        [sys.executable, str(MAIN), "zygote"], input=line, capture_output=True, timeout=PATIENCE_S
    )
    assert done.returncode == 70
    complaint = f"hostler zygote: cannot connect to the front at {path}: Connection refused\n"
    assert done.stderr.decode() == complaint


def test_a_front_that_stopped_meanwhile_is_no_complaint(tmp_path: Path) -> None:
    line = f'{{"socket": "{tmp_path}/gone.sock", "token": "t", "imports": []}}\n'.encode()
    done = subprocess.run(
        [sys.executable, str(MAIN), "zygote"], input=line, capture_output=True, timeout=PATIENCE_S
    )
    assert (done.returncode, done.stderr) == (0, b"")
