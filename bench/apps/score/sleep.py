"""Takes a second for every call."""

import time


def init() -> None:
    pass


def run(data: str) -> str:
    time.sleep(1)
    return data
