"""An undecorated run() that returns what it gets."""


def init() -> None:
    pass


def run(data: str) -> str:
    return data
