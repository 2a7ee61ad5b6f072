"""What a model's own `code/requirements.txt` asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handling import handle, request, write_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from handling import Handled

HANDLER = "sagemaker_inference.default_handler_service"
TWICE = """
def model_fn(model_dir): return 2.0
def predict_fn(data, model): return data * model
"""


def test_requirements_that_are_met_install_nothing(tmp_path: Path) -> None:
    write_file(tmp_path, "numpy\n# a comment\n\nscipy>=1\n", "code/requirements.txt")
    folder = write_file(tmp_path, TWICE, "code/inference.py")
    handled = handle(folder, HANDLER, [request("[1]", "application/json")])
    assert handled.answer.json() == [2.0]
    assert handled.output == ""


def test_each_model_has_requirements_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: Callable[[str], Path]
) -> None:
    monkeypatch.setattr("hostler.handlers.requirements.FOLDER", str(tmp_path / "requirements"))
    found: list[Handled] = []
    for version in ("1.0", "2.0", "2.0"):
        model = tmp_path / f"model{len(found)}"
        write_file(model, f"./{package(version).name}\n", "code/requirements.txt")
        (model / "code" / package(version).name).write_bytes(package(version).read_bytes())
        write_file(model, "import own_package\ndef handle(d, c): return [own_package.VERSION]\n", "h.py")
        found.append(handle(model, "h:handle", [request()]))
    assert [one.answer.body for one in found] == [b"1.0", b"2.0", b"2.0"]


def test_requirements_that_cannot_be_had_fail_the_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hostler.handlers.requirements.FOLDER", str(tmp_path / "requirements"))
    write_file(tmp_path, "./nowhere.whl\n", "code/requirements.txt")
    error = handle(write_file(tmp_path, TWICE), HANDLER).error
    assert error is not None
    assert "pip could not install" in str(error["message"])


def test_packages_are_not_taken_from_a_folder_that_others_can_write_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "requirements"
    folder.mkdir()
    folder.chmod(0o777)
    monkeypatch.setattr("hostler.handlers.requirements.FOLDER", str(folder))
    write_file(tmp_path, "nowhere-to-be-found\n", "code/requirements.txt")
    error = handle(write_file(tmp_path, TWICE), HANDLER).error
    assert error is not None
    assert "only this user can write to" in str(error["message"])


@pytest.fixture
def package(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes wheels of a package that says its version."""
    folder = tmp_path_factory.mktemp("wheels")

    def make(version: str) -> Path:
        import zipfile

        name = f"own_package-{version}"
        wheel = folder / f"{name}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("own_package.py", f"VERSION = {version!r}\n")
            about = f"{name}.dist-info"
            archive.writestr(
                f"{about}/METADATA", f"Metadata-Version: 2.1\nName: own-package\nVersion: {version}\n"
            )
            tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            archive.writestr(f"{about}/WHEEL", tags)
            archive.writestr(f"{about}/RECORD", "")
        return wheel

    return make
