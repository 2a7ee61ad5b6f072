"""What a handler measures, and the lines that it becomes: `[METRICS]Name.Unit:value|#dimensions|#…`."""

from __future__ import annotations

import socket
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PREFIX: Final = "[METRICS]"
UNITS: Final = {
    "ms": "Milliseconds",
    "s": "Seconds",
    "percent": "Percent",
    "count": "Count",
    "MB": "Megabytes",
    "kB": "Kilobytes",
    "KB": "Kilobytes",
    "GB": "Gigabytes",
    "B": "Bytes",
    "unit": "unit",
    "": "unit",
}


class Dimension:
    """A name and a value that tell measurements of one name apart."""

    def __init__(self, name: str, value: object) -> None:
        self.name = name
        self.value = value

    def __str__(self) -> str:
        return f"{self.name}:{self.value}"


class Metric:
    """One measurement.

    Args:
        name: its name.
        value: its value.
        unit: `ms`, `s`, `percent`, `count`, `MB`, `KB`, `GB`, `B`, or any other word.
        dimensions: what tells it apart.
        request_id: the request that it belongs to, or None.
        metric_method: `counter` where values of one name add up.
    """

    def __init__(
        self,
        name: str,
        value: float,
        unit: str,
        dimensions: Sequence[Dimension],
        request_id: str | None = None,
        metric_method: str | None = None,
    ) -> None:
        self.name = name
        self.value = value
        self.unit = UNITS.get(unit, unit)
        self.dimensions = list(dimensions)
        self.request_id = request_id
        self.metric_method = metric_method

    def update(self, value: float) -> None:
        """Add to a counter; replace any other value."""
        self.value = self.value + value if self.metric_method == "counter" else value

    def __str__(self) -> str:
        dimensions = ",".join(map(str, self.dimensions))
        request = f"requestID:{self.request_id}," if self.request_id else ""
        place = f"#hostname:{_hostname()},{request}timestamp:{int(time.time())}"
        return f"{self.name}.{self.unit}:{self.value}|#{dimensions}|{place}"


class MetricsStore:
    """Collects what a handler measures during one batch.

    Args:
        request_ids: the batch's ids, by index.
        model_name: the dimension that every measurement has.
    """

    def __init__(self, request_ids: dict[int, str], model_name: str) -> None:
        self.store: list[Metric] = []
        self.request_ids = request_ids
        self.model_name = model_name
        self._counters: dict[tuple[str, str | None, str], Metric] = {}

    def add_counter(
        self, name: str, value: int, idx: int | None = None, dimensions: Iterable[Dimension] | None = None
    ) -> None:
        """Add to a counter of the batch."""
        self._add(name, value, "count", idx, dimensions, "counter")

    def add_time(
        self,
        name: str,
        value: float,
        idx: int | None = None,
        unit: str = "ms",
        dimensions: Iterable[Dimension] | None = None,
    ) -> None:
        """Note a duration in `ms` or `s`."""
        _require_unit(unit, ("ms", "s"))
        self._add(name, value, unit, idx, dimensions)

    def add_size(
        self,
        name: str,
        value: float,
        idx: int | None = None,
        unit: str = "MB",
        dimensions: Iterable[Dimension] | None = None,
    ) -> None:
        """Note a size in `B`, `kB`, `KB`, `MB` or `GB`."""
        _require_unit(unit, ("MB", "kB", "KB", "GB", "B"))
        self._add(name, value, unit, idx, dimensions)

    def add_percent(
        self, name: str, value: float, idx: int | None = None, dimensions: Iterable[Dimension] | None = None
    ) -> None:
        """Note a share of a hundred."""
        self._add(name, value, "percent", idx, dimensions)

    def add_error(self, name: str, value: float, dimensions: Iterable[Dimension] | None = None) -> None:
        """Note an error."""
        self._keep(Metric(name, value, "", [*(dimensions or ()), Dimension("Level", "Error")]))

    def add_metric(
        self,
        name: str,
        value: float,
        idx: int | None = None,
        unit: str = "",
        dimensions: Iterable[Dimension] | None = None,
    ) -> None:
        """Note anything else."""
        self._add(name, value, unit, idx, dimensions)

    def take_lines(self) -> list[str]:
        """What was measured so far, as lines for the log; begins again with nothing."""
        lines = [f"{PREFIX}{metric}" for metric in self.store]
        self.store = []
        self._counters = {}
        return lines

    def _add(
        self,
        name: str,
        value: float,
        unit: str,
        idx: int | None,
        dimensions: Iterable[Dimension] | None,
        method: str | None = None,
    ) -> None:
        own = (Dimension("ModelName", self.model_name), Dimension("Level", "Model"))
        request_id = None if idx is None else self.request_ids.get(idx)
        metric = Metric(name, value, unit, [*(dimensions or ()), *own], request_id, method)
        if method is None:
            self._keep(metric)
            return
        key = name, request_id, ",".join(map(str, metric.dimensions))
        known = self._counters.get(key)
        if known is None:
            self._counters[key] = metric
            self._keep(metric)
        else:
            known.update(value)

    def _keep(self, metric: Metric) -> None:
        self.store.append(metric)


def _require_unit(unit: str, allowed: Sequence[str]) -> None:
    if unit not in allowed:
        raise ValueError(f"the unit must be one of {', '.join(allowed)}, got {unit!r}")


@lru_cache(maxsize=1)
def _hostname() -> str:
    return socket.gethostname()
