"""scikit-learn models: what they answer, what they refuse, and what may be batched."""

from __future__ import annotations

import functools
import pickle
import warnings
from typing import TYPE_CHECKING

import joblib
import numpy as np
import pytest
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_digits
from sklearn.decomposition import NMF, PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    GradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from hostler.protocol.errors import CallError
from serving import Output, call, load

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from hostler.protocol.fields import JsonValue
    from hostler.runtimes.base import Model

ROWS = np.random.default_rng(0).normal(size=(60, 3))
CLASSES = np.arange(60) % 3
LABELS = np.array(["a", "bb", "ccc"])[CLASSES]


class Foreign:
    """An estimator like any other, but not the framework's own."""

    def fit(self, rows: NDArray[np.float64], _: object = None) -> Foreign:
        return self

    def transform(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return rows


class Lister:
    """Answers a list, as many home-made models do."""

    def __init__(self, answer: list[int]) -> None:
        self.answer = answer

    def predict(self, _: object) -> list[int]:
        return self.answer


def double(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return rows * 2


def kernel(scale: int, left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    return scale * (left @ right.T)


def fail(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    raise ValueError(f"no good\nat all: {rows.shape}")


def crash(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    raise KeyError(f"lost {rows.shape}")


def saved(model: object, folder: Path, **extra: JsonValue) -> Model:
    joblib.dump(model, folder / "model.joblib")
    return load("sklearn", folder / "model.joblib", extra=extra)


def refused(model: Model, *inputs: NDArray[np.generic], outputs: tuple[str, ...] | None = None) -> CallError:
    with pytest.raises(CallError) as caught:
        call(model, *inputs, outputs=outputs)
    return caught.value


def test_the_digits_of_the_multi_model_example(tmp_path: Path) -> None:
    pixels, digits = load_digits(return_X_y=True)
    model = saved(SVC(gamma=0.001).fit(pixels[:898], digits[:898]), tmp_path)

    described = model.describe()
    assert described["framework"] == {"name": "scikit-learn", "version": __import__("sklearn").__version__}
    assert described["model_class"] == "sklearn.svm._classes.SVC"
    assert described["inputs"] == [{"name": "predict", "datatype": "FP64", "shape": [-1, 64]}]
    assert described["outputs"] == ["predict", "decision_function"]
    assert described["default_output"] == "predict"
    assert described["row_wise"] is True
    for dtype in (np.float32, np.float64, np.uint8, np.float16):
        assert call(model, pixels[898:901].astype(dtype)) == [Output("predict", "INT64", [3, 1], [8, 8, 4])]


def test_outputs_come_in_the_order_asked_for_and_as_often(tmp_path: Path) -> None:
    classifier = LogisticRegression().fit(ROWS, CLASSES)
    model = saved(classifier, tmp_path)
    first, second, third = call(model, ROWS[:2], outputs=("predict_proba", "predict", "predict_proba"))
    assert (first.name, first.datatype, first.shape) == ("predict_proba", "FP64", [2, 3])
    assert second == Output("predict", "INT64", [2, 1], classifier.predict(ROWS[:2]).tolist())
    assert third == first
    assert first.values == classifier.predict_proba(ROWS[:2]).ravel().tolist()


def test_types_follow_the_estimator(tmp_path: Path) -> None:
    single = saved(StandardScaler().fit(ROWS.astype("f4")), tmp_path)
    assert call(single, ROWS[:2].astype("f4"))[0].datatype == "FP32"
    assert call(single, ROWS[:2])[0].datatype == "FP64"
    strings = saved(LogisticRegression().fit(ROWS, LABELS), tmp_path)
    (labels,) = call(strings, ROWS[:2])
    assert (labels.datatype, labels.shape) == ("BYTES", [2, 1])
    assert set(labels.values) <= set(LABELS)
    booleans = saved(LogisticRegression().fit(ROWS, CLASSES > 0), tmp_path)
    assert call(booleans, ROWS[:2])[0].datatype == "BOOL"
    two_targets = saved(LinearRegression().fit(ROWS, ROWS[:, :2]), tmp_path)
    assert call(two_targets, ROWS[:2])[0].shape == [2, 2]


def test_a_transformer_transforms_by_default(tmp_path: Path) -> None:
    scaler = StandardScaler().fit(ROWS)
    model = saved(scaler, tmp_path)
    assert model.describe()["default_output"] == "transform"
    assert call(model, ROWS[:2]) == [
        Output("transform", "FP64", [2, 3], scaler.transform(ROWS[:2]).ravel().tolist())
    ]


def test_predict_fn_names_the_default(tmp_path: Path) -> None:
    model = saved(SVC().fit(ROWS, CLASSES), tmp_path, predict_fn="decision_function")
    assert model.describe()["outputs"] == ["decision_function", "predict"]
    assert call(model, ROWS[:2])[0].name == "decision_function"
    other = saved(RandomForestClassifier(3).fit(ROWS, CLASSES), tmp_path, predict_fn="apply")
    assert call(other, ROWS[:2])[0].shape == [2, 3]
    assert other.describe()["row_wise"] is False


@pytest.mark.parametrize("name", ["nonsense", "_private", "classes_"])
def test_a_predict_fn_that_is_no_method_fails_the_load(name: str, tmp_path: Path) -> None:
    with pytest.raises(CallError, match="predict_fn") as caught:
        saved(SVC().fit(ROWS, CLASSES), tmp_path, predict_fn=name)
    assert caught.value.code == "LOAD_FAILED"


def test_text_is_classified(tmp_path: Path) -> None:
    texts, labels = ["good fine", "bad awful"] * 4, ["yes", "no"] * 4
    model = saved(make_pipeline(CountVectorizer(), MultinomialNB()).fit(texts, labels), tmp_path)
    assert model.describe()["inputs"] is None
    assert model.describe()["row_wise"] is True
    assert call(model, np.array(["awful", "fine"], np.object_)) == [
        Output("predict", "BYTES", [2, 1], ["no", "yes"])
    ]


def test_a_content_type_str_makes_a_column_of_texts_a_list(tmp_path: Path) -> None:
    vectorizer = make_pipeline(CountVectorizer(), MultinomialNB()).fit(["good", "bad"], ["yes", "no"])
    model = saved(vectorizer, tmp_path)
    column = np.array([["bad"]], np.object_)
    answer = call(model, column, parameters={"content_type": "str"})
    assert answer == [Output("predict", "BYTES", [1, 1], ["no"])]


def test_lists_of_labels_are_an_answer_and_lists_of_arrays_are_not(tmp_path: Path) -> None:
    labels = saved(Lister([1, 2]), tmp_path)
    assert call(labels, ROWS[:2]) == [Output("predict", "INT64", [2, 1], [1, 2])]
    two_targets = np.stack([CLASSES, CLASSES], axis=1)
    forest = saved(RandomForestClassifier(2).fit(ROWS, two_targets), tmp_path)
    error = refused(forest, ROWS[:2], outputs=("predict_proba",))
    assert (error.code, error.message) == (
        "MODEL_ERROR",
        "output 'predict_proba' is 2 arrays, which one tensor cannot carry",
    )


def test_a_sparse_result_is_sent_dense(tmp_path: Path) -> None:
    model = saved(OneHotEncoder().fit([["a"], ["b"]]), tmp_path)
    assert model.describe()["inputs"] is None
    assert call(model, np.array([["b"]], np.object_)) == [Output("transform", "FP64", [1, 2], [0, 1])]


@pytest.mark.parametrize("name", ["model.joblib", "model.pickle", "model.pkl", "other.bin"])
def test_files_and_folders(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(SVC().fit(ROWS, CLASSES)))
    path = tmp_path / name if name == "other.bin" else tmp_path
    assert call(load("sklearn", path), ROWS[:1])[0].shape == [1, 1]


def test_what_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    def failure(path: Path) -> CallError:
        with pytest.raises(CallError) as caught:
            load("sklearn", path)
        assert str(path) in caught.value.message
        return caught.value

    assert "has none of model.joblib" in failure(tmp_path).message
    assert "there is no file" in failure(tmp_path / "nowhere.joblib").message
    (tmp_path / "noise.joblib").write_bytes(b"noise")
    assert failure(tmp_path / "noise.joblib").kind is not None
    joblib.dump({"a": 1}, tmp_path / "dict.joblib")
    assert "holds a dict" in failure(tmp_path / "dict.joblib").message


def test_a_missing_module_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"cnowhere_to_be_found\nThing\n.")
    with pytest.raises(CallError, match="'nowhere_to_be_found'") as caught:
        load("sklearn", tmp_path)
    assert caught.value.code == "FRAMEWORK_MISSING"


def test_one_tensor_is_wanted(tmp_path: Path) -> None:
    model = saved(SVC().fit(ROWS, CLASSES), tmp_path)
    error = refused(model, ROWS[:1], ROWS[:1])
    assert error.code == "INVALID_INPUT"
    assert error.message.startswith("SVC expects a single input tensor, got 2; ")
    assert refused(model).message.startswith("SVC expects a single input tensor, got 0; ")


def test_an_output_that_is_not_there_is_refused(tmp_path: Path) -> None:
    error = refused(saved(SVC().fit(ROWS, CLASSES), tmp_path), ROWS[:1], outputs=("predict", "predict_proba"))
    assert error.code == "UNSUPPORTED_OUTPUT"
    assert error.message == "SVC has no output 'predict_proba'; it has predict, decision_function"
    assert (error.field, error.got) == ("outputs[1].name", "predict_proba")


@pytest.mark.parametrize("estimator", [SVC(), LogisticRegression(), make_pipeline(StandardScaler(), SVC())])
def test_what_scikit_learn_refuses_is_the_callers_fault(estimator: SVC, tmp_path: Path) -> None:
    model = saved(estimator.fit(ROWS, CLASSES), tmp_path)

    wrong = refused(model, ROWS[:1, :2])
    assert wrong.code == "INVALID_INPUT"
    assert wrong.message.startswith("X has 2 features, but ")
    assert wrong.kind == "builtins.ValueError"
    assert (wrong.field, wrong.expected, wrong.got) == ("inputs[0].shape", "shape [-1, 3]", "shape [1, 2]")
    flat = refused(model, ROWS[0])
    assert flat.code == "INVALID_INPUT"
    assert "Expected 2D array, got 1D array instead" in flat.message
    for value, complaint in ((np.nan, "contains NaN"), (np.inf, "contains infinity")):
        error = refused(model, np.full((1, 3), value))
        assert error.code == "INVALID_INPUT"
        assert complaint in error.message
    assert refused(model, np.array([["a", "b", "c"]], np.object_)).code == "INVALID_INPUT"
    assert refused(model, ROWS[:0]).code == "INVALID_INPUT"


def test_other_failures_are_the_operators(tmp_path: Path) -> None:
    unfitted = refused(saved(SVC(), tmp_path), ROWS[:1])
    assert unfitted.code == "MODEL_ERROR"
    assert "not fitted yet" in unfitted.message

    error = refused(saved(FunctionTransformer(crash), tmp_path), ROWS[:1])
    assert (error.code, error.kind) == ("MODEL_ERROR", "builtins.KeyError")
    foreign = refused(saved(make_pipeline(FunctionTransformer(fail)), tmp_path), ROWS[:1])
    assert (foreign.code, foreign.message) == ("MODEL_ERROR", "no good")


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(StandardScaler(), PCA(2), SVC()),
        make_pipeline(
            ColumnTransformer([("scale", StandardScaler(), [0, 1])], remainder="passthrough"), SVC()
        ),
        make_pipeline(FeatureUnion([("scale", StandardScaler()), ("pca", PCA(2))]), LogisticRegression()),
        make_pipeline(FunctionTransformer(), FunctionTransformer(np.exp), SVC()),
        StackingClassifier([("svm", SVC()), ("trees", RandomForestClassifier(2))]),
        RandomForestClassifier(5),
        IsolationForest(n_estimators=5),
        GradientBoostingClassifier(n_estimators=2),
        make_pipeline(SelectKBest(k=2), SVC()),
        TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
        KNeighborsClassifier(),
    ],
    ids=lambda model: type(model).__name__,
)
def test_the_frameworks_own_classes_are_row_wise(model: SVC, tmp_path: Path) -> None:
    assert saved(model.fit(ROWS, CLASSES), tmp_path).describe()["row_wise"] is True


@pytest.mark.parametrize(
    "model",
    [
        Foreign(),
        make_pipeline(Foreign(), SVC()),
        make_pipeline(FunctionTransformer(double), SVC()),
        make_pipeline(FunctionTransformer(np.sort), StandardScaler()),
        make_pipeline(ColumnTransformer([("f", FunctionTransformer(double), [0])]), SVC()),
        make_pipeline(FeatureUnion([("a", StandardScaler()), ("b", Foreign())]), SVC()),
        StackingClassifier([("svm", make_pipeline(Foreign(), SVC()))]),
        SVC(kernel=lambda left, right: left @ right.T),
        SVC(kernel=functools.partial(kernel, 2)),
        TransformedTargetRegressor(Ridge(), func=np.cumsum, inverse_func=np.cumsum, check_inverse=False),
        DummyClassifier(strategy="uniform"),
    ],
    ids=lambda model: type(model).__name__,
)
def test_foreign_code_is_not_trusted_with_other_callers_rows(model: SVC) -> None:
    from hostler.runtimes.row_wise import is_row_wise

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert not is_row_wise(model.fit(np.abs(ROWS), CLASSES), ["predict"])


def test_what_fits_all_rows_together_is_not_row_wise(tmp_path: Path) -> None:
    assert saved(NMF(2).fit(np.abs(ROWS)), tmp_path).describe()["row_wise"] is False


def test_another_version_is_one_line_in_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def old_load(_: str) -> object:
        for name in ("StandardScaler", "SVC", "Pipeline"):
            warnings.warn(
                InconsistentVersionWarning(
                    estimator_name=name, current_sklearn_version="2.0", original_sklearn_version="1.2.0"
                ),
                stacklevel=2,
            )
        return SVC().fit(ROWS, CLASSES)

    monkeypatch.setattr("joblib.load", old_load)
    (tmp_path / "model.joblib").touch()
    logged: list[tuple[str, str]] = []
    load("sklearn", tmp_path, logged=logged)
    ((level, message),) = logged
    assert level == "warn"
    assert "saved by scikit-learn 1.2.0 and runs on 2.0" in message


def test_estimators_keep_to_one_thread_where_the_front_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hostler.runtimes.sklearn import _keep_to_one_thread

    forest = make_pipeline(StandardScaler(), RandomForestClassifier(3, n_jobs=4)).fit(ROWS, CLASSES)
    _keep_to_one_thread(forest)
    assert forest[-1].n_jobs == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert call(saved(forest, tmp_path), ROWS[:1])[0].shape == [1, 1]
