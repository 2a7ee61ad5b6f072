"""Make the two models that one deployment serves, and a request for each.

Run it with a Python that has scikit-learn, pandas and joblib:

    python3 train.py
"""

from __future__ import annotations

import json
from pathlib import Path

import joblib
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression

HERE = Path(__file__).parent
ROWS = 5


def main() -> None:
    """Train both models on scikit-learn's own tables."""
    (HERE / "models").mkdir(exist_ok=True)
    (HERE / "test-data").mkdir(exist_ok=True)
    for name, load, estimator in (
        ("iris", load_iris, LogisticRegression(max_iter=1000)),
        ("diabetes", load_diabetes, LinearRegression()),
    ):
        table = load(as_frame=True)
        estimator.fit(table.data, table.target)
        joblib.dump(estimator, HERE / "models" / f"{name}.sav")
        request = {"model": name, "data": table.data.head(ROWS).to_dict()}
        (HERE / "test-data" / f"{name}.json").write_text(json.dumps(request) + "\n")


if __name__ == "__main__":
    main()
