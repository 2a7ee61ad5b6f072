"""scikit-learn estimators and pipelines, as MLServer's SKLearnModel serves them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import joblib
import numpy as np
import sklearn
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError

from hostler.protocol import errors
from hostler.protocol.errors import CallError, first_line
from hostler.runtimes import artifacts, blame, row_wise, sklearn_direct
from hostler.runtimes.arrays import ArrayModel, Described

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostler.protocol.fields import JsonValue
    from hostler.runtimes.arrays import Shaped
    from hostler.runtimes.base import LoadRequest

    AnyMethod: TypeAlias = Callable[[Any], object]
    """A method of the model: it takes arrays and data frames."""

FILES: Final = ("model.joblib", "model.pickle", "model.pkl")
OUTPUTS: Final = ("predict", "predict_proba", "decision_function", "transform")


def load(request: LoadRequest) -> ArrayModel:
    """Load a joblib or pickle file.

    Raises:
        CallError: LOAD_FAILED, if it does not load, or is nothing that predicts or transforms.
        ImportError: if the file needs a module that is not there.
    """
    path = artifacts.find(request.artifact, FILES)
    model = _read(path, request)
    if os.environ.get("OMP_NUM_THREADS") == "1":
        _keep_to_one_thread(model)
    methods, default = _outputs(model, path, request.extra.get("predict_fn"))
    features = getattr(model, "n_features_in_", None)
    columns = int(features) if isinstance(features, (int, np.integer)) else None

    def explain(error: Exception, array: Shaped) -> CallError:
        if isinstance(error, NotFittedError):  # a ValueError, but no input would help
            return CallError(
                errors.MODEL_ERROR, first_line(str(error)), kind="sklearn.exceptions.NotFittedError"
            )
        return blame.explain(error, array, columns)

    short = {name: sklearn_direct.shorten(model, name, columns) for name in methods}
    shortened = {name: short[name] or method for name, method in methods.items()}
    described = Described(
        framework="scikit-learn",
        version=str(sklearn.__version__),
        model_class=f"{type(model).__module__}.{type(model).__qualname__}",
        inputs=_signature(model, columns),
        row_wise=row_wise.is_row_wise(model, methods),
    )
    return ArrayModel(described, shortened, methods, default, explain)


def _read(path: str, request: LoadRequest) -> object:
    def reword(warning: Warning) -> str:
        if isinstance(warning, InconsistentVersionWarning):
            return (
                f"{path} was saved by scikit-learn {warning.original_sklearn_version} and runs on "
                f"{warning.current_sklearn_version}: it may fail or answer differently; save it again with "
                "the version that serves it"
            )
        return first_line(str(warning))

    with artifacts.told_warnings(request.log, reword):
        try:
            model: object = joblib.load(path)
        except (ImportError, MemoryError):
            raise
        except Exception as error:
            raise artifacts.failed(path, error) from error
    return model


def _keep_to_one_thread(model: object) -> None:
    """An estimator fitted on all cores would start as many threads for every call, and wait for them."""
    for part in row_wise.parts(model):
        if getattr(part, "n_jobs", None) not in (None, 1):
            part.__dict__["n_jobs"] = 1


def _outputs(model: object, path: str, predict_fn: JsonValue) -> tuple[dict[str, AnyMethod], str]:
    """The model's outputs, and which of them is the default."""
    names = [name for name in OUTPUTS if callable(getattr(model, name, None))]
    if predict_fn is not None:
        if not isinstance(predict_fn, str) or predict_fn.startswith("_"):
            raise CallError(
                errors.LOAD_FAILED,
                f"extra.predict_fn must be the name of a public method, got {predict_fn!r:.100}",
            )
        if not callable(getattr(model, predict_fn, None)):
            raise CallError(
                errors.LOAD_FAILED,
                f"extra.predict_fn names {predict_fn!r}, but the {type(model).__name__} in {path} has no "
                f"such method; it has {', '.join(names)}",
            )
        names = [predict_fn, *(name for name in names if name != predict_fn)]
    if not names:
        raise CallError(
            errors.LOAD_FAILED,
            f"{path} holds a {type(model).__name__}, which has none of {', '.join(OUTPUTS)}; "
            "save a fitted estimator or pipeline, or name its method as extra.predict_fn",
        )
    return {name: getattr(model, name) for name in names}, names[0]


def _signature(model: object, columns: int | None) -> list[JsonValue] | None:
    if columns is None or not row_wise.is_numeric(model):
        return None
    return [{"name": "predict", "datatype": "FP64", "shape": [-1, columns]}]
