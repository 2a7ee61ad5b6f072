"""Our own inference_schema, for environments without it."""

from __future__ import annotations

import importlib
import sys
from datetime import date, datetime, time, timezone
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from hostler.scoring import fallback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostler.scoring.foreign import Foreign


@pytest.fixture(autouse=True)
def packages() -> Iterator[None]:
    known = list(sys.meta_path)
    fallback.offer_packages()
    yield
    sys.meta_path[:] = known


def schema(name: str) -> Foreign:
    return importlib.import_module(f"inference_schema.{name}")


def standard(sample: Foreign) -> Foreign:
    return schema("parameter_types.standard_py_parameter_type").StandardPythonParameterType(sample)


def numpy_type(sample: Foreign, **options: bool) -> Foreign:
    return schema("parameter_types.numpy_parameter_type").NumpyParameterType(sample, **options)


def pandas_type(sample: Foreign, **options: Foreign) -> Foreign:
    return schema("parameter_types.pandas_parameter_type").PandasParameterType(sample, **options)


@pytest.mark.parametrize(
    ("sample", "given", "expected"),
    [
        (1, 2, 2),
        (1.5, 2, 2),
        ("a", "b", "b"),
        (date(2026, 1, 2), "2027-02-03", date(2027, 2, 3)),
        (datetime(2026, 1, 2, tzinfo=timezone.utc), "2027-02-03T04:05:06Z", None),
        (time(1, 2), "03:04:05", time(3, 4, 5)),
        (b"a", "AP8=", b"\x00\xff"),
    ],
)
def test_plain_values_are_converted(sample: Foreign, given: Foreign, expected: Foreign) -> None:
    got = standard(sample).deserialize_input(given)
    assert isinstance(got, type(sample)) or (type(sample), type(got)) == (float, int)
    assert expected is None or got == expected


def test_a_wrong_type_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected: <class 'int'> but got <class 'str'>"):
        standard(1).deserialize_input("1")


def test_arrays_of_records_and_times_are_converted() -> None:
    records = numpy_type(np.array([(1, 0.5)], dtype=[("a", "i8"), ("b", "f4")]))
    assert records.deserialize_input([{"a": 2, "b": 1}, [3, 4]]).tolist() == [(2, 1.0), (3, 4.0)]
    times = numpy_type(np.array(["2026-01-02"], dtype="datetime64[D]"))
    assert times.deserialize_input(["2027-01-02"]).dtype == np.dtype("datetime64[D]")
    durations = numpy_type(np.array([1], dtype="timedelta64[h]"))
    assert durations.deserialize_input(["2 days"]).tolist() == np.array([48], dtype="timedelta64[h]").tolist()


def test_shapes_are_free_where_they_are_not_enforced() -> None:
    free = numpy_type(np.array([[1.0, 2.0]]), enforce_shape=False, enforce_column_type=False)
    assert free.deserialize_input([1, 2, 3]).shape == (3,)


@pytest.mark.parametrize("orient", ["records", "split", "index", "columns", "values", "table"])
def test_tables_have_a_description_in_every_layout(orient: str) -> None:
    sample = pd.DataFrame({"a": [1, 2], "t": pd.to_datetime(["2026-01-02", "2026-01-03"])})
    described = pandas_type(sample, orient=orient).input_to_swagger()
    assert described["format"] == f"pandas.DataFrame:{orient}"
    has_time = "date-time" in str(described)
    assert has_time == (orient in ("records", "index", "columns", "table"))


def test_columns_and_data_are_read_as_such() -> None:
    kind = pandas_type(pd.DataFrame({"a": [1], "b": [0.5]}))
    frame = kind.deserialize_input({"columns": ["a", "b"], "data": [[1, 2.5]], "index": [7]})
    assert frame.to_dict(orient="records") == [{"a": 1, "b": 2.5}]
    assert kind.deserialize_input([{"a": 1, "b": 2}]).dtypes.to_dict() == {"a": "int64", "b": "float64"}


def describe(run: Foreign, *decorators: Foreign) -> Foreign:
    """The function with these decorators, the last one outermost."""
    for decorate in decorators:
        run = decorate(run)
    return run


def test_a_function_is_described_and_called_with_what_it_takes() -> None:
    decorators, util = schema("schema_decorators"), schema("schema_util")

    def plain(data: Foreign, nested: Foreign = None, other: Foreign = 5) -> Foreign:
        return data, nested, other

    nested_type = standard({"inner": numpy_type(np.array([1])), "rest": [1]})
    run = describe(
        plain,
        decorators.output_schema(standard("a")),
        decorators.input_schema("data", standard([1])),
        decorators.input_schema("nested", nested_type, optional=True),
    )
    assert util.is_schema_decorated(run)
    assert list(util.get_input_schema(run)["properties"]) == ["data", "nested", "other"]
    assert util.get_output_schema(run)["type"] == "string"
    data, nested, other = run(data=[1, 2], nested={"inner": [3], "more": 1})
    assert (data, nested["inner"].tolist(), nested["more"], other) == ([1, 2], [3], 1, 5)
    assert run([1])[1] is None


def test_lists_of_several_types_are_told_in_openapi_only() -> None:
    decorators, util = schema("schema_decorators"), schema("schema_util")
    run = describe(lambda data: data, decorators.input_schema("data", standard([1, "a"])))
    assert util.get_supported_versions(run) == ["3.0", "3.1"]


def test_a_parameter_that_is_not_there_is_told() -> None:
    decorators = schema("schema_decorators")
    with pytest.raises(ValueError, match='"other" is not in the decorated function'):
        describe(lambda data: data, decorators.input_schema("other", standard(1)))
