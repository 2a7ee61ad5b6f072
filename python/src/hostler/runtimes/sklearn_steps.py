"""What a few estimators compute, without the validation around it.

Each step takes finite floats of shape [rows, features] with at least one row, leaves them as they are, and
gives what the estimator's own method would, or None where it must be asked itself. Whether that is so is
not promised
here: sklearn_direct tries it on every model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast

import numpy as np
from scipy.special import expit

from hostler.protocol.errors import class_name
from hostler.runtimes import sklearn_svm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from hostler.tensors import Array

    Matrix: TypeAlias = NDArray[np.floating[Any]]
    Step: TypeAlias = Callable[[Matrix], Array | None]
    Compiler: TypeAlias = Callable[[object], Step | None]
    """Makes a step of a model; None where the model is set up in a way that no step is known for."""

KERNELS: Final = ("linear", "poly", "rbf", "sigmoid")
LINEAR_MODULE: Final = "sklearn.linear_model._base"


class _Svm(Protocol):
    kernel: object
    break_ties: bool
    classes_: Array
    n_support_: NDArray[np.int32]
    support_vectors_: Matrix
    _sparse: bool

    def _dense_predict(self, rows: Matrix) -> Matrix: ...


class _Linear(Protocol):
    classes_: Array
    coef_: Matrix
    intercept_: Matrix | float


class _Scaler(Protocol):
    with_mean: bool
    with_std: bool
    clip: bool
    mean_: Matrix
    scale_: Matrix
    min_: Matrix


class _Grown(Protocol):
    def predict(self, rows: Matrix) -> Matrix: ...


class _Tree(Protocol):
    tree_: _Grown
    n_outputs_: int
    n_classes_: int
    classes_: Array


class _Forest(Protocol):
    estimators_: Sequence[_Tree]
    n_outputs_: int
    n_classes_: int
    classes_: Array


def steps(model: object, name: str) -> Sequence[Step]:
    """What the model's method `name` may compute, by version of scikit-learn; none if that is not known.

    Raises:
        AttributeError, TypeError: if the model's class is known, but not what this version of it looks like.
    """
    if hasattr(model, "_sklearn_output_config"):  # it was told to answer data frames
        return ()
    compilers = COMPILERS.get((class_name(model), name))
    if compilers is None:  # dozens of linear models share these methods
        inherited = getattr(type(model), name, None)
        where = f"{getattr(inherited, '__module__', '')}.{getattr(inherited, '__qualname__', '')}"
        compilers = INHERITED.get(where, ())
    found = [compiler(model) for compiler in compilers]
    return [step for step in found if step is not None]


def _standard_scaler(model: object) -> Step:
    scaler = cast("_Scaler", model)
    mean = _in_both_types(scaler.mean_) if scaler.with_mean else None
    scale = _in_both_types(scaler.scale_) if scaler.with_std else None

    def run(rows: Matrix) -> Matrix:
        result = rows.copy() if mean is None else rows - mean(rows)
        if scale is not None:
            result /= scale(rows)
        return result

    return run


def _older_standard_scaler(model: object) -> Step:
    """Up to scikit-learn 1.7, single precision rows are scaled in double precision and rounded after it."""
    scaler = cast("_Scaler", model)
    mean = scaler.mean_ if scaler.with_mean else None
    scale = scaler.scale_ if scaler.with_std else None

    def run(rows: Matrix) -> Matrix:
        result = rows.copy()
        if mean is not None:
            result -= mean
        if scale is not None:
            result /= scale
        return result

    return run


def _in_both_types(values: Matrix) -> Callable[[Matrix], Matrix]:
    """The values in single or double precision, whichever the rows are in."""
    single, double = values.astype(np.float32), values.astype(np.float64)
    return lambda rows: single if rows.itemsize == single.itemsize else double


def _min_max_scaler(model: object) -> Step | None:
    scaler = cast("_Scaler", model)
    if scaler.clip:
        return None
    scale, least = scaler.scale_, scaler.min_

    def run(rows: Matrix) -> Matrix:
        result = rows.copy()
        result *= scale
        result += least
        return result

    return run


def _scores(model: object) -> Callable[[Matrix], Matrix]:
    linear = cast("_Linear", model)
    weights = linear.coef_.T if linear.coef_.ndim == 2 else linear.coef_
    intercept = linear.intercept_

    def run(rows: Matrix) -> Matrix:
        scores: Matrix = rows @ weights + intercept
        return scores.reshape(-1) if scores.ndim > 1 and scores.shape[1] == 1 else scores

    return run


def _linear_labels(model: object) -> Step:
    scores, classes = _scores(model), cast("_Linear", model).classes_

    def run(rows: Matrix) -> Array:
        found = scores(rows)
        indices = (found > 0).astype(np.intp) if found.ndim == 1 else found.argmax(axis=1)
        return classes.take(indices, axis=0)

    return run


def _logistic_probabilities(model: object) -> Step:
    scores, is_binary = _scores(model), len(cast("_Linear", model).classes_) <= 2

    def run(rows: Matrix) -> Array | None:
        found = scores(rows)
        if is_binary:
            if found.ndim > 1:
                return None
            second = expit(found, out=found)
            return np.stack([1 - second, second], axis=1)
        found -= found.max(axis=1).reshape(-1, 1)
        np.exp(found, out=found)
        found /= found.sum(axis=1).reshape(-1, 1)
        return found

    return run


def _linear_values(model: object) -> Step:
    linear = cast("_Linear", model)
    weights = linear.coef_ if linear.coef_.ndim == 1 else linear.coef_.T
    intercept = linear.intercept_
    return lambda rows: rows @ weights + intercept


def _svm_values(model: object) -> Step | None:
    svm = cast("_Svm", model)
    support = len(svm.support_vectors_)
    if svm._sparse or svm.kernel not in KERNELS or svm.n_support_.sum() != support:
        return None
    predict = svm._dense_predict
    return lambda rows: predict(np.ascontiguousarray(rows, np.float64))


def _svm_labels(model: object) -> Step | None:
    svm, values = cast("_Svm", model), _svm_values(model)
    if values is None or svm.break_ties:
        return None
    classes = svm.classes_
    votes = sklearn_svm.votes(model, svm._dense_predict)
    if votes is None:
        return lambda rows: classes.take(np.asarray(values(rows), np.intp))
    return lambda rows: classes.take(votes(np.ascontiguousarray(rows, np.float64)))


def _single(rows: Matrix) -> Matrix | None:
    """Rows as the trees take them; None if a value is too large for that."""
    if rows.dtype == np.float32:
        return np.ascontiguousarray(rows)
    with np.errstate(over="ignore"):
        single = rows.astype(np.float32, order="C")
    return single if np.isfinite(single).all() else None


def _forest_sums(trees: Sequence[_Tree], width: int) -> Step:
    """The mean of what the trees say, of shape [rows, width]; summed in order, as one job would."""
    grown = [tree.tree_.predict for tree in trees]
    count = len(grown)

    def run(rows: Matrix) -> Matrix | None:
        single = _single(rows)
        if single is None:
            return None
        sums = np.zeros((len(rows), width))
        for predict in grown:
            sums += predict(single)[:, :width]
        sums /= count
        return sums

    return run


def _forest_probabilities(model: object) -> Step | None:
    forest = cast("_Forest", model)
    return _forest_sums(forest.estimators_, forest.n_classes_) if forest.n_outputs_ == 1 else None


def _tree_probabilities(model: object) -> Step | None:
    tree = cast("_Tree", model)
    if tree.n_outputs_ != 1:
        return None
    predict, width = tree.tree_.predict, tree.n_classes_

    def run(rows: Matrix) -> Matrix | None:
        single = _single(rows)
        return None if single is None else predict(single)[:, :width]

    return run


def _labels_of(probabilities: Compiler) -> Compiler:
    def compiler(model: object) -> Step | None:
        step, classes = probabilities(model), cast("_Tree", model).classes_
        if step is None:
            return None

        def run(rows: Matrix) -> Array | None:
            found = step(rows)
            return None if found is None else classes.take(found.argmax(axis=1), axis=0)

        return run

    return compiler


def _values_of(trees: Callable[[object], Sequence[_Tree]]) -> Compiler:
    def compiler(model: object) -> Step | None:
        if cast("_Tree", model).n_outputs_ != 1:
            return None
        step = _forest_sums(trees(model), 1)

        def run(rows: Matrix) -> Array | None:
            found = step(rows)
            return None if found is None else found.reshape(-1)

        return run

    return compiler


_forest_values = _values_of(lambda model: cast("_Forest", model).estimators_)
_tree_values = _values_of(lambda model: [cast("_Tree", model)])

COMPILERS: Final[dict[tuple[str, str], tuple[Compiler, ...]]] = {
    ("sklearn.preprocessing._data.StandardScaler", "transform"): (_standard_scaler, _older_standard_scaler),
    ("sklearn.preprocessing._data.MinMaxScaler", "transform"): (_min_max_scaler,),
    ("sklearn.linear_model._logistic.LogisticRegression", "predict_proba"): (_logistic_probabilities,),
    ("sklearn.svm._classes.SVC", "predict"): (_svm_labels,),
    ("sklearn.svm._classes.NuSVC", "predict"): (_svm_labels,),
    ("sklearn.svm._classes.SVR", "predict"): (_svm_values,),
    ("sklearn.svm._classes.NuSVR", "predict"): (_svm_values,),
    ("sklearn.ensemble._forest.RandomForestClassifier", "predict_proba"): (_forest_probabilities,),
    ("sklearn.ensemble._forest.RandomForestClassifier", "predict"): (_labels_of(_forest_probabilities),),
    ("sklearn.ensemble._forest.ExtraTreesClassifier", "predict_proba"): (_forest_probabilities,),
    ("sklearn.ensemble._forest.ExtraTreesClassifier", "predict"): (_labels_of(_forest_probabilities),),
    ("sklearn.ensemble._forest.RandomForestRegressor", "predict"): (_forest_values,),
    ("sklearn.ensemble._forest.ExtraTreesRegressor", "predict"): (_forest_values,),
    ("sklearn.tree._classes.DecisionTreeClassifier", "predict_proba"): (_tree_probabilities,),
    ("sklearn.tree._classes.DecisionTreeClassifier", "predict"): (_labels_of(_tree_probabilities),),
    ("sklearn.tree._classes.DecisionTreeRegressor", "predict"): (_tree_values,),
}
"""Class and method → what makes a step of it."""

INHERITED: Final[dict[str, tuple[Compiler, ...]]] = {
    f"{LINEAR_MODULE}.LinearClassifierMixin.decision_function": (_scores,),
    f"{LINEAR_MODULE}.LinearClassifierMixin.predict": (_linear_labels,),
    f"{LINEAR_MODULE}.LinearModel.predict": (_linear_values,),
    f"{LINEAR_MODULE}.MultiOutputLinearModel.predict": (_linear_values,),
    "sklearn.linear_model._ridge.Ridge.predict": (_linear_values,),
}
"""The same for methods that many classes inherit. Their own ones are found by their own names, above."""
