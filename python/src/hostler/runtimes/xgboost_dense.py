"""Predicting dense rows through XGBoost's C interface, which is documented and kept stable.

`Booster.inplace_predict` is a thin layer over the same call, but its checks and two JSON documents take
longer than a few hundred trees do. Here the one document that changes is written by hand.
"""

from __future__ import annotations

import ctypes
import json
import math
from typing import TYPE_CHECKING, Final

import numpy as np
import xgboost
from xgboost.libpath import find_lib_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hostler.tensors import Array

PLAIN: Final = frozenset(
    np.dtype(code) for code in ("<f4", "<f8", "i1", "<i2", "<i4", "<i8", "u1", "<u2", "<u4", "<u8")
)
"""What the C call reads as it is; the Python layer converts the rest."""

FLOAT_BYTES: Final = 4


class DensePredictor:
    """Predicts as `Booster.inplace_predict` does, value by value the same.

    Args:
        booster: of trees, not linear.
        rounds: how many rounds of boosting to use; 0 for all.
    """

    def __init__(self, booster: xgboost.Booster, rounds: int) -> None:
        self._booster = booster
        self._rounds = rounds
        self._features = booster.num_features()
        self._library = ctypes.CDLL(find_lib_path()[0])  # loaded already: this only names it
        self._predict = self._library.XGBoosterPredictFromDense
        self._predict.argtypes = [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_char_p,
            ctypes.c_void_p,
            ctypes.POINTER(ctypes.POINTER(ctypes.c_uint64)),
            ctypes.POINTER(ctypes.c_uint64),
            ctypes.POINTER(ctypes.POINTER(ctypes.c_float)),
        ]
        self._library.XGBGetLastError.restype = ctypes.c_char_p
        config = {
            "type": 0,
            "training": False,
            "iteration_begin": 0,
            "iteration_end": rounds,
            "missing": math.nan,
            "strict_shape": False,
            "cache_id": 0,
        }
        self._config = json.dumps(config).encode()
        self._shape = ctypes.POINTER(ctypes.c_uint64)()
        self._dimensions = ctypes.c_uint64()
        self._values = ctypes.POINTER(ctypes.c_float)()
        self._results = (
            ctypes.byref(self._shape),
            ctypes.byref(self._dimensions),
            ctypes.byref(self._values),
        )

    def __call__(self, array: Array) -> NDArray[np.float32]:
        """The predictions for some rows; NaN is a missing value.

        Args:
            array: shape [rows, features], of numbers.

        Returns:
            Shape [rows], or [rows, groups] where a model has several groups of trees.

        Raises:
            ValueError: for anything that is not a matrix of numbers with as many columns as the model has
                features.
            XGBoostError: what the library itself refuses, such as infinity.
        """
        self._check(array)
        if array.dtype not in PLAIN or not array.flags.c_contiguous or not len(array):
            return self._booster.inplace_predict(array, iteration_range=(0, self._rounds))
        interface = b'{"data":[%d,true],"typestr":"%b","shape":[%d,%d],"version":3}' % (
            array.__array_interface__["data"][0],
            array.dtype.str.encode(),
            *array.shape,
        )
        if self._predict(self._booster.handle, interface, self._config, None, *self._results):
            raise xgboost.core.XGBoostError(self._library.XGBGetLastError().decode(errors="replace"))
        shape = self._shape[: self._dimensions.value]
        # The values stay the library's, which overwrites them in the next call.
        data = ctypes.string_at(self._values, math.prod(shape) * FLOAT_BYTES)
        return np.frombuffer(data, np.float32).reshape(shape)

    def _check(self, array: Array) -> None:
        if array.dtype.kind not in "biuf":
            raise ValueError("XGBoost takes numbers, got a tensor of strings")
        if array.ndim != 2:
            raise ValueError(f"XGBoost takes a matrix of rows and columns, got {array.ndim} dimensions")
        if array.shape[1] != self._features:
            raise ValueError(f"Feature shape mismatch, expected: {self._features}, got {array.shape[1]}")
