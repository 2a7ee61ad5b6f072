"""The five trained models, or COPIES copies of logreg named m0, m1, ..., for the Python peers."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

Array = Any  # NumPy's, of whichever environment runs this
Predict = Callable[[Array], Array]


def load(folder: Path) -> Predict:
    """One model folder as a function from a float32 matrix to an array."""
    # Libraries of the peer's own environment, each imported only where a model needs it.
    if (folder / "model.joblib").exists():
        joblib: Any = import_module("joblib")
        predict: Predict = joblib.load(folder / "model.joblib").predict
        return predict
    xgboost: Any = import_module("xgboost")
    booster = xgboost.Booster()
    booster.load_model(folder / "model.json")
    inplace: Predict = booster.inplace_predict
    return inplace


def load_all() -> dict[str, Predict]:
    root = Path(os.environ["PEER_MODELS"])
    copies = int(os.environ.get("COPIES") or 0)
    if copies:
        return {f"m{i}": load(root / "logreg") for i in range(copies)}
    return {folder.name: load(folder) for folder in sorted(root.iterdir()) if folder.is_dir()}


def matrix(rows: list[float] | list[list[float]]) -> Array:
    np: Any = import_module("numpy")
    return np.array(rows, dtype=np.float32)
