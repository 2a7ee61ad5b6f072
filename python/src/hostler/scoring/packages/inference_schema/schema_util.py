"""What the decorators have noted about a function."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hostler.scoring.foreign import Foreign

NOTES: Final = "__inference_schema__"
ALL_SUPPORTED_VERSIONS: Final = ("2.0", "3.0", "3.1")

_functions: dict[str, dict[str, Foreign]] = {}


def notes_of(func: Foreign) -> dict[str, Foreign] | None:
    """The notes about a function, or about one that it wraps."""
    while func is not None:
        notes = getattr(func, NOTES, None)
        if isinstance(notes, dict):
            return notes
        func = getattr(func, "__wrapped__", None)
    return None


def get_input_schema(func: Foreign) -> dict[str, Foreign]:
    """The description of a function's inputs."""
    notes = notes_of(func) or {}
    schema: dict[str, Foreign] = notes.get("input_schema", {"type": "object"})
    return schema


def get_output_schema(func: Foreign) -> dict[str, Foreign]:
    """The description of what a function returns."""
    notes = notes_of(func) or {}
    schema: dict[str, Foreign] = notes.get("output_schema", {"type": "object"})
    return schema


def get_supported_versions(func: Foreign) -> list[str]:
    """The versions in which all of it can be told."""
    versions = (notes_of(func) or {}).get("versions", ALL_SUPPORTED_VERSIONS)
    return sorted(versions)


def is_schema_decorated(func: Foreign) -> bool:
    """Whether a function has a description."""
    return notes_of(func) is not None


def register(name: str, notes: dict[str, Foreign]) -> None:
    """Remember a function's notes by its dotted name."""
    _functions[name] = notes


def get_schemas_dict() -> dict[str, Foreign]:
    """Every description, by the function's dotted name."""
    kept = ("input_schema", "output_schema")
    return copy.deepcopy(
        {name: {key: notes[key] for key in kept if key in notes} for name, notes in _functions.items()}
    )
