"""XGBoost boosters and classifiers, as MLServer's XGBoostModel serves them.

MLServer loads a file as XGBRegressor unless XGBClassifier has saved it, and predicts through these
wrappers. For a single row they take several times longer than the prediction, so the usual kinds of model
go around them; the tests compare the two.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import xgboost

from hostler.protocol import errors, fields
from hostler.protocol.errors import CallError, class_name, first_line
from hostler.runtimes import artifacts, blame, frames
from hostler.runtimes.arrays import ArrayModel, Described
from hostler.runtimes.xgboost_dense import DensePredictor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hostler.protocol.fields import Header
    from hostler.runtimes.arrays import Method, Shaped
    from hostler.runtimes.base import LoadRequest
    from hostler.runtimes.frames import FrameMethod

FILES: Final = ("model.bst", "model.json", "model.ubj")
WRAPPERS: Final = {"classifier": "XGBClassifier", "ranker": "XGBRanker"}
THRESHOLD: Final = 0.5
PREFIX: Final = re.compile(r"^\[\d\d:\d\d:\d\d\] (WARNING: )?\S+:\d+: (Check failed: )?")
INPUT_COMPLAINTS: Final = ("Input data contains `inf`", "Feature shape mismatch", "feature_names mismatch")
"""What the C library says of input that it refuses; it raises the same class for everything."""


class Learner(NamedTuple):
    """What a booster's configuration says of how it was trained."""

    objective: str
    booster: str
    classes: int
    targets: int


def load(request: LoadRequest) -> ArrayModel:
    """Load a file that XGBoost has saved.

    Raises:
        CallError: LOAD_FAILED, if it does not load.
    """
    path = artifacts.find(request.artifact, FILES)
    booster = xgboost.Booster()
    with artifacts.told_warnings(request.log, lambda warning: _bare(str(warning))):
        try:
            booster.load_model(path)
            wrapper = _wrapper_name(booster)
            learner = _learner(json.loads(booster.save_config()))
            methods = _methods(booster, wrapper, learner, path)
        except (ImportError, MemoryError):
            raise
        except Exception as error:
            reason = f"{_bare(str(error))}; it must be a model that XGBoost itself has saved"
            raise artifacts.failed(path, error, reason) from error
    features = booster.num_features()

    def explain(error: Exception, array: Shaped) -> CallError:
        if isinstance(error, xgboost.core.XGBoostError):
            return _explain_library(error)
        return blame.explain(error, array, features)

    described = Described(
        framework="xgboost",
        version=xgboost.__version__,
        model_class=f"xgboost.sklearn.{wrapper}",
        inputs=[{"name": "predict", "datatype": "FP32", "shape": [-1, features]}],
        row_wise=True,
    )
    on_frames = {name: _on_frames(method, booster.feature_names) for name, method in methods.items()}
    return ArrayModel(described, methods, on_frames, "predict", explain)


def _on_frames(method: Method, names: Sequence[str] | None) -> FrameMethod:
    return lambda frame: method(frames.as_matrix(frame, names, np.float32))


def _wrapper_name(booster: xgboost.Booster) -> str:
    saved = booster.attr("scikit_learn")
    kind = json.loads(saved).get("_estimator_type") if saved else None
    return WRAPPERS.get(str(kind), "XGBRegressor")


def _learner(config: Header) -> Learner:
    learner = fields.mapping(config, "learner")
    sizes = fields.mapping(learner, "learner_model_param")
    return Learner(
        objective=fields.text(fields.mapping(learner, "objective"), "name"),
        booster=fields.text(fields.mapping(learner, "gradient_booster"), "name"),
        classes=int(fields.text(sizes, "num_class")),
        targets=int(fields.text(sizes, "num_target")),
    )


def _methods(booster: xgboost.Booster, wrapper: str, learner: Learner, path: str) -> dict[str, Method]:
    is_classifier = wrapper == "XGBClassifier"
    is_unusual = is_classifier and (learner.objective == "multi:softmax" or learner.targets > 1)
    if learner.booster == "gblinear" or is_unusual:
        return _wrapped(wrapper, path)
    best = booster.attr("best_iteration")
    predict = DensePredictor(booster, 0 if best is None else int(best) + 1)
    if not is_classifier:
        return {"predict": predict}
    if learner.classes > 1:
        return {"predict": lambda array: np.argmax(predict(array), axis=1), "predict_proba": predict}
    return {
        "predict": lambda array: (predict(array) > THRESHOLD).astype(np.int64),
        "predict_proba": lambda array: _both_classes(predict(array)),
    }


def _both_classes(second: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.vstack((np.float32(1.0) - second, second)).transpose()


def _wrapped(wrapper: str, path: str) -> dict[str, Method]:
    model = getattr(xgboost, wrapper)()
    model.load_model(path)
    names = ("predict", "predict_proba") if wrapper == "XGBClassifier" else ("predict",)
    return {name: getattr(model, name) for name in names}


def _explain_library(error: Exception) -> CallError:
    message, kind = _bare(str(error)), class_name(error)
    if any(complaint in message for complaint in INPUT_COMPLAINTS):
        return CallError(errors.INVALID_INPUT, message, kind=kind, field="inputs[0]")
    return CallError(errors.MODEL_ERROR, message, kind=kind)


def _bare(text: str) -> str:
    """What the C library says, without the time, source file and line before it and the stack behind."""
    return PREFIX.sub("", first_line(text))
