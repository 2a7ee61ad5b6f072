"""The packages that scripts import: ours where there are none, the real ones where there are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hostler.scoring import settings
from hostler.scoring.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCES = Path(__file__).parent.parent / "src"


def python(program: str, folder: Path) -> str:
    """What a program prints, in a Python of its own with this folder on its path."""
    prelude = f"import sys; sys.path[:0] = [{str(folder)!r}]; sys.path.append({str(SOURCES)!r})\n"
    offer = "from hostler.scoring import fallback; fallback.offer_packages()\n"
    done = subprocess.run([sys.executable, "-c", prelude + offer + program], capture_output=True, text=True)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


def test_ours_can_be_imported_where_there_are_none(tmp_path: Path) -> None:
    program = """
from azureml_inference_server_http.api.aml_request import AMLRequest, rawhttp
from azureml_inference_server_http.api.aml_response import AMLResponse
from azureml.contrib.services.aml_request import rawhttp as older
from azureml.contrib.services.aml_response import AMLResponse as older_response
from azureml.ai.monitoring import Collector
from azureml.ai.monitoring.context import BasicCorrelationContext
from inference_schema.schema_decorators import input_schema
context = Collector(name="a", on_error=print).collect(1, BasicCorrelationContext("id"))
print(rawhttp is older, AMLResponse is older_response, context.get_id())
"""
    assert python(program, tmp_path) == "True True id"


EXTENDS = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"


@pytest.mark.parametrize("init", ["", None, EXTENDS])
def test_what_is_installed_of_azureml_wins_and_the_rest_is_ours(tmp_path: Path, init: str | None) -> None:
    real = tmp_path / "azureml" / "ai" / "monitoring"
    real.mkdir(parents=True)
    (real / "__init__.py").write_text("Collector = 'the real one'\n")
    if init is not None:
        (tmp_path / "azureml" / "__init__.py").write_text(init)
    program = """
from azureml.ai.monitoring import Collector
from azureml.contrib.services.aml_request import rawhttp
print(Collector, rawhttp.__module__)
"""
    assert python(program, tmp_path) == "the real one hostler.scoring.raw"


def test_no_other_package_can_be_imported_from_there(tmp_path: Path) -> None:
    assert (
        python("import azureml.nothing", tmp_path) == "ModuleNotFoundError: No module named 'azureml.nothing'"
    )


def read(variables: Mapping[str, str], folder: Path) -> settings.Settings:
    return settings.read(variables, str(folder), None)


def test_a_config_file_is_read_below_the_environment(tmp_path: Path) -> None:
    config = '{"AZUREML_ENTRY_SCRIPT": "a.py", "scoring_timeout": 5, "SERVICE_NAME": "file", "unknown": 1}'
    (tmp_path / "config.json").write_text(config)
    found = read({"SERVICE_NAME": "environment", "AML_CORS_ORIGINS": " a , b,"}, tmp_path)
    assert (found.entry_script, found.timeout_ms, found.service_name) == ("a.py", 5, "environment")
    assert found.cors_origins == ("a", "b")


@pytest.mark.parametrize(
    ("content", "said"), [("{", "cannot be read"), ("[]", "expected an object, got list")]
)
def test_a_broken_config_file_is_named(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(SettingsError, match=said):
        read({}, tmp_path)


@pytest.mark.parametrize("text", ["abc", "0", "-5", "1.5", ""])
def test_a_time_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="SCORING_TIMEOUT_MS"):
        read({"SCORING_TIMEOUT_MS": text}, tmp_path)
