"""@input_schema with a pandas table."""

from typing import Any

import pandas
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema

SAMPLE = pandas.DataFrame({"a": [1, 2], "b": [0.5, 1.5], "c": ["x", "y"]})


def init() -> None:
    pass


@input_schema("data", PandasParameterType(SAMPLE))
@output_schema(StandardPythonParameterType([1.0]))
def run(data: Any) -> Any:
    kinds = [str(data[name].dtype) for name in ("a", "b")]
    return {"columns": list(data.columns), "types": kinds, "sum": float(data["b"].sum())}
