"""Support vector classifiers by matrix products: the labels are libsvm's, also where they are close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn import datasets, svm

from hostler.runtimes import sklearn_svm

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIGITS = datasets.load_digits()


def fitted(classifier: svm.SVC, classes: int, scale: float = 1.0) -> tuple[svm.SVC, NDArray[np.float64]]:
    """The classifier, trained on half of the digits below `classes`, and the other half."""
    chosen = DIGITS.target < classes
    rows, labels = DIGITS.data[chosen] * scale, DIGITS.target[chosen]
    half = len(rows) // 2
    return classifier.fit(rows[:half], labels[:half]), rows[half:]


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize(
    "classifier",
    [
        svm.SVC(gamma=0.001),
        svm.SVC(gamma="scale", C=0.01, class_weight="balanced"),
        svm.NuSVC(gamma=0.001, nu=0.02),
        svm.SVC(gamma=30.0),
    ],
    ids=["as in the seed", "balanced", "nu", "narrow"],
)
def test_labels_are_libsvms(classifier: svm.SVC, classes: int) -> None:
    model, rows = fitted(classifier, classes)
    votes = sklearn_svm.votes(model, model._dense_predict)
    assert votes is not None
    for count in (1, 7, len(rows)):
        assert model.classes_[votes(rows[:count])].tolist() == model.predict(rows[:count]).tolist()


def test_many_rows_go_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sklearn_svm, "BLOCK", 2000)
    model, rows = fitted(svm.SVC(gamma=0.001), 10)
    votes = sklearn_svm.votes(model, model._dense_predict)
    assert votes is not None
    assert model.classes_[votes(rows)].tolist() == model.predict(rows).tolist()


def test_a_row_that_is_too_close_to_call_is_left_to_libsvm() -> None:
    model = svm.SVC(gamma=1.0).fit([[-1.0, 0.0], [1.0, 0.0]], [0, 1])
    asked: list[NDArray[Any]] = []

    def exactly(rows: NDArray[np.float64]) -> NDArray[Any]:
        asked.append(rows)
        return np.asarray(model._dense_predict(rows))

    votes = sklearn_svm.votes(model, exactly)
    assert votes is not None
    rows = np.array([[-1.0, 0.0], [0.0, 3.0], [1.0, 0.0]])
    assert model.classes_[votes(rows)].tolist() == model.predict(rows).tolist()
    assert [one.tolist() for one in asked] == [[[0.0, 3.0]]]


def test_other_kernels_and_too_many_classes_keep_their_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    linear, _ = fitted(svm.SVC(kernel="linear"), 3)
    assert sklearn_svm.votes(linear, linear._dense_predict) is None
    monkeypatch.setattr(sklearn_svm, "LARGEST_WEIGHTS", 1000)
    large, _ = fitted(svm.SVC(gamma=0.001), 10)
    assert sklearn_svm.votes(large, large._dense_predict) is None
