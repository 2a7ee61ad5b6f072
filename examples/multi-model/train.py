"""Train the two models of this example, with the calls of MLServer's multi-model example.

    python train.py            train what is missing under models/
    python train.py --force    train both anew

models/mnist-svm/model.joblib         a support vector classifier on the first half of scikit-learn's digits
models/mushroom-xgboost/model.json    two boosted trees that tell poisonous mushrooms from edible ones

The mushrooms come from the file agaricus.txt.train of XGBoost's demo data when the environment variable
AGARICUS_DIR names the folder that holds it. Without it they are SYNTHETIC: a table drawn from a fixed seed,
with the same 22 attributes as the same 126 one-hot columns, in which smell decides what is poisonous, nearly.
It needs no download and answers the same requests; it says nothing about mushrooms.

Needs scikit-learn and XGBoost. Running it again changes nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import xgboost as xgb
    from sklearn import svm

HERE = Path(__file__).resolve().parent
DIGITS_MODEL = Path("models", "mnist-svm", "model.joblib")
MUSHROOM_MODEL = Path("models", "mushroom-xgboost", "model.json")

# How many values each of the 22 attributes has, in the column order of agaricus.txt.train.
VALUES_PER_ATTRIBUTE = (6, 4, 10, 2, 9, 4, 3, 2, 12, 2, 7, 4, 4, 9, 9, 2, 4, 3, 8, 9, 6, 7)
COLUMNS = sum(VALUES_PER_ATTRIBUTE)
ODOR = 4  # the attribute's position; its values: almond anise creosote fishy foul musty none pungent spicy
ODOR_SHARE = (0.05, 0.05, 0.02, 0.07, 0.26, 0.01, 0.44, 0.03, 0.07)
HARMLESS_ODORS = (0, 1, 6)
SYNTHETIC_ROWS = 6_513  # as many as agaricus.txt.train has


class TrainingError(Exception):
    """What went wrong, said to the person who runs this file."""


def train_digits() -> svm.SVC:
    from sklearn import datasets, svm
    from sklearn.model_selection import train_test_split

    digits = datasets.load_digits()
    data = digits.images.reshape((len(digits.images), -1))
    classifier = svm.SVC(gamma=0.001)
    x_train, x_test, y_train, y_test = train_test_split(data, digits.target, test_size=0.5, shuffle=False)
    classifier.fit(x_train, y_train)
    print(f"mnist-svm: {classifier.score(x_test, y_test):.1%} of {len(x_test)} unseen digits read correctly")
    return classifier


def agaricus(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """The real table: one row a mushroom, label 1 for poisonous."""
    from sklearn.datasets import load_svmlight_file

    path = folder / "agaricus.txt.train"
    if not path.is_file():
        raise TrainingError(f"AGARICUS_DIR is {folder}, but there is no file agaricus.txt.train in it")
    try:
        table, labels = load_svmlight_file(str(path))
    except ValueError as error:
        raise TrainingError(f"{path} is not a file in libsvm format: {error}") from error
    if table.shape[1] != COLUMNS:
        raise TrainingError(f"{path} has {table.shape[1]} columns where the mushroom data has {COLUMNS}")
    return table.toarray(), labels


def synthetic_mushrooms() -> tuple[np.ndarray, np.ndarray]:
    """A made-up table of the same shape, the same on every run; one label in fifty goes against its smell."""
    import numpy as np

    random = np.random.default_rng(seed=22)
    table = np.zeros((SYNTHETIC_ROWS, COLUMNS))
    rows = np.arange(SYNTHETIC_ROWS)
    poisonous = np.zeros(SYNTHETIC_ROWS)
    first_column = 0
    for attribute, values in enumerate(VALUES_PER_ATTRIBUTE):
        share = ODOR_SHARE if attribute == ODOR else None
        chosen = random.choice(values, size=SYNTHETIC_ROWS, p=share)
        table[rows, first_column + chosen] = 1
        if attribute == ODOR:
            poisonous = (~np.isin(chosen, HARMLESS_ODORS)).astype(float)
        first_column += values
    exceptions = random.random(SYNTHETIC_ROWS) < 0.02
    return table, np.where(exceptions, 1 - poisonous, poisonous)


def train_mushroom() -> xgb.Booster:
    import xgboost as xgb

    folder = os.environ.get("AGARICUS_DIR")
    x_train, y_train = agaricus(Path(folder).expanduser()) if folder else synthetic_mushrooms()
    dtrain = xgb.DMatrix(data=x_train, label=y_train)
    param = {"max_depth": 2, "eta": 1, "objective": "binary:logistic"}
    num_round = 2
    booster = xgb.train(param, dtrain, num_round)
    right = ((booster.predict(dtrain) > 0.5) == (y_train > 0.5)).mean()
    origin = "real" if folder else "synthetic"
    print(f"mushroom-xgboost: {right:.1%} of {len(y_train)} {origin} training rows sorted correctly")
    return booster


def save(relative: Path, write: Callable[[str], object]) -> None:
    """Write beside the target and rename, so that a reader never meets half a model."""
    target = HERE / relative
    partial = target.with_name(f".{os.getpid()}.{target.name}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write(str(partial))
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    print(f"  saved as {relative}")


def train(force: bool) -> None:
    missing = {path for path in (DIGITS_MODEL, MUSHROOM_MODEL) if force or not (HERE / path).is_file()}
    if not missing:
        print("both models are there already; --force trains them anew")
    if DIGITS_MODEL in missing:
        import joblib

        classifier = train_digits()
        save(DIGITS_MODEL, lambda path: joblib.dump(classifier, path))
    if MUSHROOM_MODEL in missing:
        save(MUSHROOM_MODEL, train_mushroom().save_model)


def main() -> int:
    parser = argparse.ArgumentParser(description="Train the two models of this example.")
    parser.add_argument("--force", action="store_true", help="train models that are there already anew")
    arguments = parser.parse_args()
    try:
        train(arguments.force)
    except ImportError as error:
        print(
            f"train.py: {error} ({sys.executable}). It needs scikit-learn and XGBoost:\n"
            "  python3 -m venv .venv\n"
            "  .venv/bin/pip install scikit-learn xgboost\n"
            "  .venv/bin/python train.py",
            file=sys.stderr,
        )
        return 1
    except (TrainingError, OSError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
