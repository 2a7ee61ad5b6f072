"""Plain Python values: text, numbers, times, bytes, lists and objects of them."""

from __future__ import annotations

import base64
import json
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from .abstract_parameter_type import AbstractParameterType
from .samples import Schema, describe

if TYPE_CHECKING:
    from hostler.scoring.foreign import Foreign


class StandardPythonParameterType(AbstractParameterType):
    """A parameter of a plain type; lists and objects may have parameters of other kinds in them.

    Args:
        sample_input: the sample.
    """

    def __init__(self, sample_input: Foreign) -> None:
        super().__init__(sample_input)
        is_list = self.sample_data_type in (list, tuple)
        fields = sample_input.items() if self.sample_data_type is dict else ()
        self.sample_data_type_map = {
            key: value for key, value in fields if isinstance(value, AbstractParameterType)
        }
        self.sample_data_type_list = (
            [value for value in sample_input if isinstance(value, AbstractParameterType)] if is_list else []
        )

    def deserialize_input(self, input_data: Foreign) -> Foreign:
        """The value, of the sample's type.

        Raises:
            ValueError: if it is of another.
        """
        value = _from_text(input_data, self.sample_data_type) if isinstance(input_data, str) else input_data
        if self.sample_data_type is float and type(value) is int:
            return value
        if not isinstance(value, self.sample_data_type):
            raise ValueError(
                "Invalid input data type to parse. "
                f"Expected: {self.sample_data_type} but got {type(input_data)}"
            )
        return value

    def input_to_swagger(self) -> Schema:
        """The description.

        Raises:
            ValueError: there is no sample.
            TypeError: the sample cannot be written as JSON.
        """
        if self.sample_input is None:
            raise ValueError("Sample input cannot be None")
        schema = describe(self.sample_input)
        try:
            json.dumps(schema)
        except TypeError as error:
            raise TypeError(
                f"The sample cannot be written as JSON, so it cannot be described: {error}"
            ) from error
        return schema


def _from_text(text: str, kind: type) -> Foreign:
    if kind is date:
        return date.fromisoformat(text)
    if kind is datetime:
        return _moment(text)
    if kind is time:
        return _clock_time(text)
    if kind in (bytes, bytearray):
        return kind(base64.b64decode(text))
    return text


def _moment(text: str) -> datetime:
    try:
        from dateutil import parser
    except ImportError:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    moment: datetime = parser.parse(text)
    return moment


def _clock_time(text: str) -> time:
    try:
        return time.fromisoformat(text.replace("Z", "+00:00").replace(" ", ""))
    except ValueError:
        return _moment(text).timetz()
