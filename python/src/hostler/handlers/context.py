"""What a handler learns about its model and the requests of a batch, and what it says about its answers."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from hostler.handlers.metrics import MetricsStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hostler.scoring.foreign import Foreign

SERVER_NAME: Final = "MMS"
SERVER_VERSION: Final = "1.1.11"
CONTENT_TYPE: Final = "content-type"


class RequestProcessor:
    """The headers of one request, and status and headers of its answer.

    Args:
        request_header: headers by the names that the caller wrote, and for the name of each input
            `{"content-type": …}`.
    """

    def __init__(self, request_header: Mapping[str, Foreign]) -> None:
        self._status_code: int = 200
        self._reason_phrase: str | None = None
        self._response_header: dict[str, Foreign] = {}
        self._request_header = request_header if type(request_header) is dict else dict(request_header)

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was said of the answer."""
        return not self._response_header and self._status_code == 200 and self._reason_phrase is None

    def get_request_property(self, key: str) -> Foreign:
        """A header by the exact letters of its name; None where there is none."""
        return self._request_header.get(key)

    def get_request_properties(self) -> dict[str, Foreign]:
        """All headers."""
        return self._request_header

    def report_status(self, code: int, reason_phrase: str | None = None) -> None:
        """Set the status of the answer."""
        self._status_code = code
        self._reason_phrase = reason_phrase

    def get_response_status_code(self) -> int:
        """The status of the answer."""
        return self._status_code

    def get_response_status_phrase(self) -> str | None:
        """Its reason phrase."""
        return self._reason_phrase

    def add_response_property(self, key: str, value: Foreign) -> None:
        """Set a header of the answer."""
        self._response_header[key] = value

    def get_response_header(self) -> dict[str, Foreign]:
        """The headers of the answer."""
        return self._response_header

    def get_response_headers(self) -> dict[str, Foreign]:
        """The headers of the answer."""
        return self._response_header


class Context:
    """Handed to a handler with every batch; `request_processor` and `metrics` are of the present one.

    Args:
        model_name: as it was registered.
        model_dir: absolute.
        manifest: the archive's, or None.
        batch_size: requests that come together at most.
        gpu: the device to use, or None.
        mms_version: of the server that is stood in for.
    """

    def __init__(
        self,
        model_name: str,
        model_dir: str,
        manifest: Foreign,
        batch_size: int | None,
        gpu: int | None,
        mms_version: str = SERVER_VERSION,
    ) -> None:
        self.model_name = model_name
        self.manifest = manifest
        self._system_properties: dict[str, Foreign] = {
            "model_dir": model_dir,
            "gpu_id": gpu,
            "batch_size": batch_size,
            "server_name": SERVER_NAME,
            "server_version": mms_version,
        }
        self.request_ids: dict[int, str] = {}
        self._request_processor: list[RequestProcessor] = [RequestProcessor({})]
        self._metrics: MetricsStore | None = None

    @property
    def system_properties(self) -> dict[str, Foreign]:
        """`model_dir`, `gpu_id`, `batch_size`, `server_name`, `server_version`."""
        return self._system_properties

    @property
    def request_processor(self) -> list[RequestProcessor]:
        """One for each request of the batch."""
        return self._request_processor

    @request_processor.setter
    def request_processor(self, request_processor: Sequence[RequestProcessor]) -> None:
        self._request_processor = list(request_processor)

    @property
    def metrics(self) -> MetricsStore:
        """Takes what the handler measures."""
        if self._metrics is None:
            self._metrics = MetricsStore(self.request_ids, self.model_name)
        return self._metrics

    @metrics.setter
    def metrics(self, metrics: MetricsStore) -> None:
        self._metrics = metrics

    def begin(self, request_ids: Sequence[str], request_processors: list[RequestProcessor]) -> None:
        """From here on it is of the batch with these requests."""
        self.request_ids = dict(enumerate(request_ids))
        self._request_processor = request_processors
        self._metrics = None

    def take_metrics(self) -> Sequence[str]:
        """What was measured since then, as lines for the log."""
        return () if self._metrics is None else self._metrics.take_lines()

    def for_request(self, idx: int) -> Context:
        """The same context as if this were the only request of its batch; what is set there is set here."""
        alone = copy.copy(self)
        alone._metrics = self.metrics
        alone._request_processor = [self._request_processor[idx]]
        alone.request_ids = {0: self.get_request_id(idx) or ""}
        return alone

    def get_request_id(self, idx: int = 0) -> str | None:
        """The id of a request of the batch."""
        return self.request_ids.get(idx)

    def get_request_header(self, idx: int, key: str) -> Foreign:
        """A header of a request, by the exact letters that the caller wrote."""
        return self._request_processor[idx].get_request_property(key)

    def get_all_request_header(self, idx: int) -> dict[str, Foreign]:
        """All headers of a request."""
        return self._request_processor[idx].get_request_properties()

    def set_response_content_type(self, idx: int, value: str) -> None:
        """Set the content type of an answer; there is none unless it is set."""
        self.set_response_header(idx, CONTENT_TYPE, value)

    def get_response_content_type(self, idx: int) -> Foreign:
        """The content type of an answer, or None."""
        return self.get_response_headers(idx).get(CONTENT_TYPE)

    def set_response_header(self, idx: int, key: str, value: Foreign) -> None:
        """Set a header of an answer."""
        self._request_processor[idx].add_response_property(key, value)

    def get_response_headers(self, idx: int) -> dict[str, Foreign]:
        """The headers of an answer."""
        return self._request_processor[idx].get_response_headers()

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        """Set the status of an answer; its body stays the handler's."""
        self._request_processor[idx].report_status(code, phrase)

    def set_all_response_status(self, code: int = 200, phrase: str = "") -> None:
        """Set the status of every answer of the batch."""
        for processor in self._request_processor:
            processor.report_status(code, phrase)

    def get_response_status(self, idx: int) -> tuple[int, str | None]:
        """Status and reason phrase of an answer."""
        processor = self._request_processor[idx]
        return processor.get_response_status_code(), processor.get_response_status_phrase()
