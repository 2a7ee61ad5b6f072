"""What every kind of parameter can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hostler.scoring.foreign import Foreign


class AbstractParameterType(ABC):
    """A parameter that a sample describes.

    Args:
        sample_input: the sample.
    """

    def __init__(self, sample_input: Foreign) -> None:
        self.sample_input = sample_input
        self.sample_data_type = type(sample_input)

    @abstractmethod
    def deserialize_input(self, input_data: Foreign) -> Foreign:
        """The value that a caller's JSON stands for.

        Raises:
            ValueError: if it does not fit the sample.
        """

    @abstractmethod
    def input_to_swagger(self) -> dict[str, Foreign]:
        """The description, with the sample as its example."""

    def supported_versions(self) -> list[str]:
        """The versions of Swagger and OpenAPI that can tell it: 2.0 has no lists of several types."""
        example = self.input_to_swagger()["example"]
        return ["2.0", "3.0", "3.1"] if _has_uniform_lists(example) else ["3.0", "3.1"]


def _has_uniform_lists(value: Foreign) -> bool:
    if isinstance(value, list):
        return len({type(item) for item in value}) <= 1 and all(map(_has_uniform_lists, value))
    if isinstance(value, dict):
        return all(map(_has_uniform_lists, value.values()))
    return True
