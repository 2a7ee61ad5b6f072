"""Which frameworks are installed, told from the names of their metadata folders: nothing is imported or read.

importlib.metadata would tell the same, but importing it alone takes longer than this process needs to start.
"""

from __future__ import annotations

import os
import sys
from typing import Final

FRAMEWORKS: Final = {
    "numpy": "numpy",
    "scipy": "scipy",
    "pandas": "pandas",
    "joblib": "joblib",
    "orjson": "orjson",
    "pysimdjson": "pysimdjson",
    "scikit-learn": "scikit-learn",
    "xgboost": "xgboost",
    "xgboost-cpu": "xgboost",
    "lightgbm": "lightgbm",
    "catboost": "catboost",
    "onnxruntime": "onnxruntime",
    "torch": "torch",
    "mlflow-skinny": "mlflow",
    "mlflow": "mlflow",
    "mlserver": "mlserver",
}
"""Distribution name → the name it is reported by."""


def installed() -> dict[str, str]:
    """Framework name → version, for those on `sys.path`; the first folder wins, as in an import."""
    found: dict[str, str] = {}
    for folder in sys.path:
        for name, version in _listed(folder or os.curdir):
            framework = FRAMEWORKS.get(name)
            if framework is not None:
                found.setdefault(framework, version)
    return found


def _listed(folder: str) -> list[tuple[str, str]]:
    try:
        entries = os.listdir(folder)
    except OSError:  # a zip file, or a folder that is not there
        return []
    pairs = []
    for entry in entries:
        if entry.endswith((".dist-info", ".egg-info")):
            name, _, version = entry.rpartition(".")[0].partition("-")
            pairs.append((name.lower().replace("_", "-").replace(".", "-"), version.partition("-")[0]))
    return pairs
