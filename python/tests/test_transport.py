"""Frames over a socket: what a last answer needs so that it arrives."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

from hostler.transport import Connection


def test_who_leaves_waits_for_the_other_side_to_close() -> None:
    front, ours = socket.socketpair()
    with ThreadPoolExecutor(1) as pool:
        worker = Connection(ours)
        worker.send(b"the last answer")
        left = pool.submit(worker.leave)
        for _ in range(100):
            front.sendall(b"a call behind it" * 1000)
        assert not left.done()
        assert front.recv(100) == b"the last answer"
        front.close()
        left.result(timeout=60)
        worker.close()


def test_who_leaves_is_not_held_up_by_one_that_is_gone() -> None:
    front, ours = socket.socketpair()
    worker = Connection(ours)
    worker.send(b"never read")
    front.close()
    worker.leave()
    worker.close()
