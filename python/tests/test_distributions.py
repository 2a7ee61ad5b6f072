"""What is installed is told without importlib.metadata, and is what importlib.metadata tells."""

from __future__ import annotations

import importlib.metadata
import sys
from typing import TYPE_CHECKING

from hostler import distributions

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_same_as_importlib_metadata() -> None:
    expected = {}
    for distribution, framework in distributions.FRAMEWORKS.items():
        try:
            expected[framework] = importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
    assert expected
    assert distributions.installed() == expected


def test_the_first_on_the_path_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, name in (("first", "XGBoost_CPU-2.0.0.dist-info"), ("second", "xgboost-9.9.9.dist-info")):
        (tmp_path / folder / name).mkdir(parents=True)
    (tmp_path / "first" / "scikit_learn-1.0-py3.11.egg-info").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path / "first"), str(tmp_path / "second"), "/nowhere"])
    assert distributions.installed() == {"xgboost": "2.0.0", "scikit-learn": "1.0"}
