"""The decorators that describe a function and convert its arguments."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING

from .parameter_types.abstract_parameter_type import AbstractParameterType
from .schema_util import ALL_SUPPORTED_VERSIONS, NOTES, notes_of, register

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostler.scoring.foreign import Foreign

    Function = Callable[..., Foreign]
    Positional = tuple[Foreign, ...]
    Named = dict[str, Foreign]


def input_schema(
    param_name: str, param_type: Foreign, convert_to_provided_type: bool = True, optional: bool = False
) -> Callable[[Function], Function]:
    """Describe a parameter, and convert what comes for it.

    Args:
        param_name: the parameter.
        param_type: its kind, with a sample.
        convert_to_provided_type: whether the JSON that comes is converted.
        optional: whether it may be left out.
    """
    _check(param_type)
    schema = param_type.input_to_swagger()

    def decorate(func: Function) -> Function:
        signature = inspect.signature(func)
        if param_name not in signature.parameters:
            raise ValueError(f'Error, provided param_name "{param_name}" is not in the decorated function.')

        def convert(args: Positional, kwargs: Named) -> tuple[Positional, Named]:
            if not convert_to_provided_type:
                return args, kwargs
            bound = signature.bind(*args, **kwargs)
            given = bound.arguments
            if param_name in given and not (optional and not given[param_name]):
                given[param_name] = _converted(given[param_name], param_type)
            return bound.args, bound.kwargs

        wrapped = _wrap(func, convert)
        _note_input(
            wrapped, list(signature.parameters), {param_name: schema}, param_type.supported_versions()
        )
        return wrapped

    return decorate


def output_schema(output_type: Foreign) -> Callable[[Function], Function]:
    """Describe what a function returns."""
    _check(output_type)
    schema, versions = output_type.input_to_swagger(), output_type.supported_versions()

    def decorate(func: Function) -> Function:
        wrapped = _wrap(func, lambda args, kwargs: (args, kwargs))
        notes = _notes(wrapped)
        if "output_schema" in notes:
            raise ValueError(f"Error, output schema already defined for function: {func.__name__}.")
        notes["output_schema"] = schema
        notes["versions"] &= set(versions)
        return wrapped

    return decorate


def _check(kind: Foreign) -> None:
    if not isinstance(kind, AbstractParameterType):
        raise TypeError("Error, provided param_type must be a subclass of the AbstractParameterType.")


def _wrap(func: Function, convert: Callable[[Positional, Named], tuple[Positional, Named]]) -> Function:
    @functools.wraps(func)
    def wrapped(*args: Foreign, **kwargs: Foreign) -> Foreign:
        args, kwargs = convert(args, kwargs)
        return func(*args, **kwargs)

    return wrapped


def _notes(func: Function) -> dict[str, Foreign]:
    notes = notes_of(func)
    if notes is None:
        notes = {"versions": set(ALL_SUPPORTED_VERSIONS)}
        setattr(func, NOTES, notes)
        inner = inspect.unwrap(func)
        register(f"{inner.__module__}.{inner.__name__}", notes)
    return notes


def _note_input(func: Function, names: list[str], schemas: dict[str, Foreign], versions: list[str]) -> None:
    notes = _notes(func)
    whole = notes.setdefault(
        "input_schema",
        {"type": "object", "properties": {name: {} for name in names}, "example": dict.fromkeys(names, "")},
    )
    for name, schema in schemas.items():
        described = dict(schema)
        whole["example"][name] = described.pop("example")
        whole["properties"][name] = described
    notes["versions"] &= set(versions)


def _converted(value: Foreign, kind: Foreign) -> Foreign:
    """The value with every part converted by the kind that describes it."""
    fields, items = getattr(kind, "sample_data_type_map", {}), getattr(kind, "sample_data_type_list", [])
    if kind.sample_data_type is dict:
        if not isinstance(value, dict):
            raise _wrong_type(kind, value)
        return {key: _converted(item, fields[key]) if key in fields else item for key, item in value.items()}
    if kind.sample_data_type in (list, tuple):
        if not isinstance(value, (list, tuple)):
            raise _wrong_type(kind, value)
        return [_converted(item, items[0]) for item in value] if items else value
    return value if isinstance(value, kind.sample_data_type) else kind.deserialize_input(value)


def _wrong_type(kind: Foreign, value: Foreign) -> ValueError:
    return ValueError(
        f"Invalid input data type to parse. Expected: {kind.sample_data_type} but got {type(value)}"
    )
