"""Takes as many milliseconds as the body says."""

import time


def init() -> None:
    pass


def run(data: str) -> str:
    time.sleep(int(data) / 1000)
    return data
