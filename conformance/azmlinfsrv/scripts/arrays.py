"""@input_schema with a numpy array, a number that may be a float, and a field of a nested object."""

from typing import Any

import numpy
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init() -> None:
    pass


@input_schema("data", NumpyParameterType(numpy.array([[1.0, 2.0, 3.0]])))
@input_schema(
    "more", StandardPythonParameterType({"inner": NumpyParameterType(numpy.array([1, 2]))}), optional=True
)
@output_schema(NumpyParameterType(numpy.array([4.5])))
def run(data: Any, more: Any = None) -> Any:
    inner = None if more is None else more["inner"].dtype.name
    return {"dtype": data.dtype.name, "sum": data.sum(axis=1).tolist(), "inner": inner}
