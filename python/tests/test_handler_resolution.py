"""How a handler is found, and what is said of one that cannot be loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handling import handle, request, write

if TYPE_CHECKING:
    from pathlib import Path

SAYS = """
def {name}(data, context):
    return None if data is None else ["{says}" for _ in data]
"""
FUNCTION = SAYS.format(name="handle", says="function")
CLASS = """
class Service(object):
    def initialize(self, context):
        self.name = context.model_name
    def handle(self, data, context):
        return [self.name for _ in data]
"""


@pytest.mark.parametrize(
    ("handler", "files", "says"),
    [
        ("h.py:handle", {"h": FUNCTION}, "function"),
        ("h:handle", {"h": FUNCTION}, "function"),
        ("h", {"h": FUNCTION}, "function"),
        ("h.py", {"h": FUNCTION}, "function"),
        ("h:other", {"h": FUNCTION + SAYS.format(name="other", says="other")}, "other"),
        ("h:handle", {"h": CLASS}, "m"),
        ("h", {"h": CLASS + "class Helper(object):\n    pass\n"}, "m"),
        ("h", {"h": "from base import Service as S\nclass Own(S):\n    pass\n", "base": CLASS}, "m"),
        ("h", {"h": CLASS + "class Own(Service):\n    def handle(self, d, c): return ['own']\n"}, "own"),
        ("json:handle", {"json": FUNCTION}, "function"),
    ],
)
def test_a_handler_is_found(tmp_path: Path, handler: str, files: dict[str, str], says: str) -> None:
    assert handle(write(tmp_path, **files), handler, [request()]).answer.body.decode() == says


def test_a_file_elsewhere_is_a_handler(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "model").mkdir()
    write(tmp_path / "server", model_handler=FUNCTION)
    assert handle(
        tmp_path / "model", f"{tmp_path}/server/model_handler.py:handle", [request()]
    ).answer.body == (b"function")


def test_a_file_in_a_folder_of_the_model_is_a_handler(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    write(tmp_path / "src", h=FUNCTION)
    assert handle(tmp_path, "src/h.py:handle", [request()]).answer.body == b"function"


@pytest.mark.parametrize(
    ("handler", "files", "message", "where"),
    [
        ("nowhere:handle", {}, "there is no module nowhere", None),
        (":handle", {}, "names no module", None),
        ("h:handle", {"h": "x = 1"}, "classes found: none", "h.py"),
        (
            "h:handle",
            {"h": CLASS + CLASS.replace("Service", "Other")},
            "classes found: Other, Service",
            "h.py",
        ),
        ("h:handle", {"h": "import nowhere_to_be_found"}, "No module named 'nowhere_to_be_found'", "h.py:1"),
        ("h:handle", {"h": "\ndef handle(:"}, "SyntaxError", "h.py:2"),
        (
            "h:handle",
            {"h": "def handle(data, context):\n    raise RuntimeError('boom')"},
            "RuntimeError: boom",
            "h.py:2",
        ),
        (
            "h:handle",
            {
                "h": "class H:\n    def initialize(self, c): raise RuntimeError('init boom')\n"
                "    def handle(self, data, context): ..."
            },
            "RuntimeError: init boom",
            "h.py:2",
        ),
        ("h:handle", {"h": "import sys\nsys.exit(3)"}, "SystemExit: 3", "h.py:2"),
    ],
)
def test_one_that_cannot_be_loaded_says_why(
    tmp_path: Path, handler: str, files: dict[str, str], message: str, where: str | None
) -> None:
    error = handle(write(tmp_path, **files), handler).error
    assert error is not None
    assert error["code"] == "LOAD_FAILED"
    assert message in str(error["message"])
    assert error["where"] == (None if where is None else f"{tmp_path}/{where}")


MEMORY = "raise MemoryError('x')"


@pytest.mark.parametrize(
    "module",
    [
        f"def handle(data, context): {MEMORY}",
        f"class H:\n    def initialize(self, context): {MEMORY}\n    def handle(self, data, context): ...",
        f"class H:\n    def __init__(self): {MEMORY}\n    def handle(self, data, context): ...",
        f"{MEMORY}\ndef handle(data, context): ...",
        "class OutOfMemoryError(RuntimeError): ...\ndef handle(data, context): raise OutOfMemoryError()",
    ],
)
def test_memory_that_is_missing_is_told_from_every_style(tmp_path: Path, module: str) -> None:
    error = handle(write(tmp_path, h=module), "h:handle").error
    assert error is not None
    assert error["code"] == "OUT_OF_MEMORY"
