"""Compare replies with the model's own answers while the load runs: a process of its own, at a steady rate.

    python -m benchkit.verify URL STYLE MODEL TRAINED_BY RATE

Says "ready", begins at the first line on its standard input, ends when that closes, then prints one line of
JSON.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass

from benchkit.places import BENCH
from benchkit.rows import answer, check_requests, expected, is_same, model_name
from benchkit.wire import Connection, render

Question = tuple[bytes, list[float]]
AT_ONCE = 8


@dataclass
class Compared:
    compared: int = 0
    mismatched: int = 0
    failed: int = 0
    example: str = ""

    def add(self, other: Compared) -> None:
        self.compared += other.compared
        self.mismatched += other.mismatched
        self.failed += other.failed
        self.example = self.example or other.example


async def compare(connection: Connection, style: str, question: Question, found: Compared) -> None:
    message, right = question
    try:
        reply = await connection.ask(message)
        values = answer(style, reply.body) if reply.status == 200 else []
    except (OSError, ValueError, KeyError, TypeError) as error:
        found.failed += 1
        found.example = found.example or repr(error)
        return
    if reply.status != 200:
        found.failed += 1
        found.example = found.example or reply.body[:200].decode(errors="replace")
    else:
        found.compared += 1
        if not is_same(values, right):
            found.mismatched += 1
            found.example = found.example or f"got {values[:5]}, expected {right[:5]}"


async def verify(
    url: str, style: str, questions: list[Question], rate: float, stop: threading.Event
) -> Compared:
    """At most AT_ONCE questions are open; where the server is too slow for the rate, fewer are asked."""
    found, connections = Compared(), asyncio.Queue[Connection]()
    for _ in range(AT_ONCE):
        connections.put_nowait(Connection(url))
    began, asked, running = time.monotonic(), 0, set[asyncio.Task[None]]()

    async def one(question: Question) -> None:
        connection = await connections.get()
        await compare(connection, style, question, found)
        connections.put_nowait(connection)

    while not stop.is_set():
        if (time.monotonic() - began) * rate >= asked and len(running) < AT_ONCE:
            task = asyncio.create_task(one(questions[asked % len(questions)]))
            running.add(task)
            task.add_done_callback(running.discard)
            asked += 1
        else:
            await asyncio.sleep(0.002)
    await asyncio.gather(*running)
    return found


class Verifier:
    """Start early, since reading the rows takes a moment; begin and end with the load."""

    def __init__(self, url: str, style: str, model: str, trained_by: str, rate: float) -> None:
        line = [sys.executable, "-m", "benchkit.verify", url, style, model, trained_by, str(rate)]
        self.process = subprocess.Popen(
            line, cwd=BENCH, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        self.stdout.readline()

    def begin(self) -> None:
        self.stdin.write("go\n")
        self.stdin.flush()

    def end(self) -> Compared:
        output, _ = self.process.communicate()
        return Compared(**json.loads(output)) if output else Compared(failed=1, example="the verifier died")


def main() -> None:
    url, style, model, trained_by, rate = sys.argv[1:]
    right = expected(trained_by)[model_name(model)]
    questions = [
        (render(url, path, body), [right[row] for row in order])
        for path, body, order in check_requests(style, model)
    ]
    stop = threading.Event()

    def until_closed() -> None:
        sys.stdin.read()
        stop.set()

    print("ready", flush=True)
    sys.stdin.readline()
    threading.Thread(target=until_closed, daemon=True).start()
    found = asyncio.run(verify(url, style, questions, float(rate), stop))
    print(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
