"""Base classes that handlers extend: preprocess, infer, postprocess."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hostler.handlers.context import Context
    from hostler.scoring.foreign import Foreign


class ModelService:
    """Loads a model once, then answers batches."""

    def __init__(self) -> None:
        self._context: Context | None = None

    def initialize(self, context: Context) -> None:
        """Load the model; extended by handlers."""
        self._context = context

    def inference(self, data: Foreign) -> Foreign:
        """The answers to a batch."""
        raise NotImplementedError("a model service needs inference()")

    def handle(self, data: Foreign, context: Context) -> Foreign:
        """The answers to a batch, as the server asks for them."""
        self._context = context
        return self.inference(data)


class SingleNodeService(ModelService):
    """A service in three steps."""

    def inference(self, data: Foreign) -> Foreign:
        """What the three steps make of a batch."""
        return self._postprocess(self._inference(self._preprocess(data)))

    def _preprocess(self, data: Foreign) -> Foreign:
        return data

    def _inference(self, data: Foreign) -> Foreign:
        raise NotImplementedError("a service needs _inference()")

    def _postprocess(self, data: Foreign) -> Foreign:
        return data
