"""XGBoost boosters and classifiers, as MLServer's XGBoostModel serves them.

MLServer loads a file as XGBRegressor unless XGBClassifier has saved it, and predicts through those wrappers. They
add nothing to a prediction but time, so the booster is called directly; the tests compare the two.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import xgboost

from hostler.runtimes import artifacts, blame
from hostler.runtimes.arrays import ArrayModel, Described

if TYPE_CHECKING:

    from hostler.protocol.errors import CallError
    from hostler.runtimes.arrays import Method
    from hostler.runtimes.base import LoadRequest
    from hostler.tensors import Array

FILES: Final = ("model.bst", "model.json", "model.ubj")


def load(request: LoadRequest) -> ArrayModel:
    """Load a file that XGBoost has saved.

    Raises:
        CallError: LOAD_FAILED, if it does not load.
    """
    path = artifacts.find(request.artifact, FILES)
    try:
        booster = xgboost.Booster()
        booster.load_model(path)
        wrapper = _wrapper(booster)
        wrapper.load_model(path)
    except (ImportError, MemoryError):
        raise
    except Exception as error:
        raise artifacts.failed(path, error) from error
    features = int(booster.num_features())

    def explain(error: Exception, array: Array) -> CallError:
        return blame.explain(error, array, features)

    methods: dict[str, Method] = {"predict": wrapper.predict}
    if isinstance(wrapper, xgboost.XGBClassifier):
        methods["predict_proba"] = wrapper.predict_proba
    described = Described(
        framework="xgboost",
        version=xgboost.__version__,
        model_class=f"{type(wrapper).__module__}.{type(wrapper).__qualname__}",
        inputs=[{"name": "predict", "datatype": "FP32", "shape": [-1, features]}],
        row_wise=True,
    )
    return ArrayModel(described, methods, "predict", explain)


def _wrapper(booster: xgboost.Booster) -> xgboost.XGBModel:
    saved = booster.attr("scikit_learn")
    kind = json.loads(saved).get("_estimator_type") if saved else None
    return {"classifier": xgboost.XGBClassifier, "ranker": xgboost.XGBRanker}.get(kind, xgboost.XGBRegressor)()
