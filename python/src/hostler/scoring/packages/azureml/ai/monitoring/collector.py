"""Sends tables that a script collects to the collector beside it, if there is one; no answer waits."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import threading
import urllib.request
import uuid
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from .context import CorrelationContext

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostler.scoring.foreign import Foreign

WAITING: Final = 100
PATIENCE_S: Final = 2.0

_outbox: queue.Queue[dict[str, Foreign]] = queue.Queue(WAITING)
_sender: list[threading.Thread] = []


class Collector:
    """Collects pandas tables under a name.

    Args:
        name: of the collection, as the deployment's data_collector lists it.
        on_error: told of what cannot be collected; without it nothing is said.
    """

    def __init__(self, *, name: str, on_error: Callable[[Exception], Foreign] | None = None) -> None:
        self.name = name
        self.on_error = on_error

    def collect(
        self, data: Foreign, correlation_context: CorrelationContext | None = None
    ) -> CorrelationContext:
        """Take a table in; it leaves in the background.

        Returns:
            The context to collect the outputs of the same request with.
        """
        context = correlation_context or CorrelationContext()
        if not os.environ.get("AZUREML_MDC_CONFIG_PATH") and not os.environ.get("AZUREML_MDC_HOST"):
            return context
        try:
            _send(self._event(data, context))
        except Exception as error:
            if self.on_error is not None:
                self.on_error(error)
        return context

    def _event(self, data: Foreign, context: CorrelationContext) -> dict[str, Foreign]:
        if not hasattr(data, "to_json"):
            raise TypeError(f"collect() takes a pandas DataFrame, not {type(data).__name__}")
        return {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": os.environ.get("AZUREML_DEPLOYMENT_ID", "hostler"),
            "type": f"azureml.inference.{self.name}",
            "time": datetime.now(timezone.utc).isoformat(),
            "datacontenttype": "application/json",
            "correlationid": context.id,
            "data": json.loads(data.to_json(orient="records", date_format="iso")),
        }


def _send(event: dict[str, Foreign]) -> None:
    if not _sender:
        thread = threading.Thread(target=_post_all, name="data-collector", daemon=True)
        _sender.append(thread)
        thread.start()
    with contextlib.suppress(queue.Full):
        _outbox.put_nowait(event)


def _post_all() -> None:
    host = os.environ.get("AZUREML_MDC_HOST", "http://127.0.0.1")
    base = host if "://" in host else f"http://{host}"
    url = f"{base}:{os.environ.get('AZUREML_MDC_PORT', '50011')}/modeldata/log"
    while True:
        body = json.dumps(_outbox.get()).encode()
        request = urllib.request.Request(url, body, {"Content-Type": "application/cloudevents+json"})
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=PATIENCE_S):
            pass
