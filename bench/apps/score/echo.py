"""Does nothing: what a server costs on top of a script."""


def init() -> None:
    pass


def run(data: str) -> str:
    return data
