"""The handler that serves the functions of an `inference.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .transformer import Transformer

if TYPE_CHECKING:
    from .foreign import Foreign


class DefaultHandlerService:
    """Loads and asks a transformer.

    Args:
        transformer: one with the defaults of a framework; without it, the plain one.
    """

    def __init__(self, transformer: Transformer | None = None) -> None:
        self._service = transformer or Transformer()

    def initialize(self, context: Foreign) -> None:
        """Load the model; what fails there fails the load."""
        self._service.validate_and_initialize(context.system_properties.get("model_dir"), context)

    def handle(self, data: Foreign, context: Foreign) -> list[Foreign]:
        """The answers to a batch."""
        return self._service.transform(data, context)
