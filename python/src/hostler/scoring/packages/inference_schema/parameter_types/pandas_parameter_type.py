"""Pandas tables."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Final

import pandas

from .abstract_parameter_type import AbstractParameterType
from .samples import Schema, describe

if TYPE_CHECKING:
    from hostler.scoring.foreign import Foreign

ORIENTS: Final = ("split", "records", "index", "columns", "values", "table")


class PandasParameterType(AbstractParameterType):
    """A table like the sample.

    Args:
        sample_input: the sample table.
        enforce_column_type: whether columns are converted to the sample's types.
        enforce_shape: whether there must be as many columns as in the sample.
        apply_column_names: whether columns are renamed to the sample's, in order.
        orient: how the JSON is laid out, as in pandas.read_json.
    """

    def __init__(
        self,
        sample_input: Foreign,
        enforce_column_type: bool = True,
        enforce_shape: bool = True,
        apply_column_names: bool = False,
        orient: str = "records",
    ) -> None:
        if not isinstance(sample_input, pandas.DataFrame):
            raise TypeError("Invalid sample input provided, must provide a sample Pandas Dataframe.")
        if orient not in ORIENTS:
            raise ValueError(f"Invalid orient provided, must be one of {ORIENTS}")
        super().__init__(sample_input)
        self.enforce_column_type = enforce_column_type
        self.enforce_shape = enforce_shape
        self.apply_column_names = apply_column_names
        self.orient = orient

    def deserialize_input(self, input_data: Foreign) -> Foreign:
        """The table that the JSON stands for.

        Raises:
            ValueError: if it is no table of the sample's kind.
        """
        if isinstance(input_data, pandas.DataFrame):
            return input_data
        if not isinstance(input_data, (list, dict)):
            raise ValueError(
                f"Error, unable to convert input of type {type(input_data)} into Pandas Dataframe"
            )
        text = StringIO(json.dumps(input_data))
        frame = pandas.read_json(text, orient=self._orient_of(input_data), dtype=False)
        if self.apply_column_names:
            frame.columns = self.sample_input.columns.copy()
        if self.enforce_column_type:
            frame = self._convert(frame)
        columns, expected = frame.shape[1], self.sample_input.shape[1]
        if self.enforce_shape and columns != expected:
            raise ValueError(
                f"Invalid input data frame: data frame has size {columns} on dimension #1, "
                f"while expected value is {expected}"
            )
        return frame

    def _orient_of(self, data: Foreign) -> Foreign:
        """Columns and data beside each other are the split layout, whatever was announced."""
        is_split = isinstance(data, dict) and {"columns", "data"} <= data.keys() <= {
            "columns",
            "data",
            "index",
        }
        is_meant = self.orient == "table" or {"columns", "data"} <= set(map(str, self.sample_input.columns))
        return "split" if is_split and not is_meant else self.orient

    def _convert(self, frame: Foreign) -> Foreign:
        types = self.sample_input.dtypes.to_dict()
        wanted = {name: types.get(name, object) for name in frame.columns}
        for name, kind in wanted.items():
            if str(kind).startswith("timedelta"):
                frame[name] = pandas.to_timedelta(frame[name])
        return frame.astype(wanted)

    def input_to_swagger(self) -> Schema:
        """The description."""
        sample = json.loads(self.sample_input.to_json(orient=self.orient, date_format="iso"))
        schema = describe(sample)
        for name, kind in self.sample_input.dtypes.items():
            form = _format(str(kind))
            for properties in self._columns(schema) if form else ():
                properties[str(name)]["format"] = form
        if self.orient == "columns":
            self._mark_cells(schema)
        schema["format"] = f"pandas.DataFrame:{self.orient}"
        return schema

    def _columns(self, schema: Schema) -> list[Schema]:
        """Where the description has the columns by their names."""
        if self.orient == "records":
            return [schema["items"]["properties"]]
        if self.orient == "index":
            return [row["properties"] for row in schema["properties"].values()]
        if self.orient == "table":
            return [schema["properties"]["data"]["items"]["properties"]]
        return []

    def _mark_cells(self, schema: Schema) -> None:
        for name, kind in self.sample_input.dtypes.items():
            form = _format(str(kind))
            for cell in schema["properties"][str(name)]["properties"].values() if form else ():
                cell["format"] = form


def _format(kind: str) -> str | None:
    if kind.startswith("datetime"):
        return "date-time"
    return "timedelta" if kind.startswith("timedelta") else None
