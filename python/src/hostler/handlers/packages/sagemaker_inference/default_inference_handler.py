"""What happens where the user's module does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import content_types, decoder, encoder, environment, errors, utils

if TYPE_CHECKING:
    from .foreign import Foreign

PREFERRED = (content_types.JSON, content_types.CSV, content_types.NPY)
"""What callers get who take several formats alike."""


class DefaultInferenceHandler:
    """Bodies to arrays, predictions to bodies; how to load a model and predict only a framework knows."""

    def default_model_fn(self, model_dir: str, context: Foreign = None) -> Foreign:
        """Load the model."""
        raise NotImplementedError(
            "Please provide a model_fn implementation: "
            "inference.py in the model's folder or its code folder defines model_fn(model_dir)."
        )

    def default_input_fn(self, input_data: Foreign, content_type: str, context: Foreign = None) -> Foreign:
        """A body as an array."""
        return decoder.decode(input_data, content_type)

    def default_predict_fn(self, data: Foreign, model: Foreign, context: Foreign = None) -> Foreign:
        """A prediction."""
        raise NotImplementedError(
            "Please provide a predict_fn implementation: inference.py defines predict_fn(data, model)."
        )

    def default_output_fn(
        self, prediction: Foreign, accept: str, context: Foreign = None
    ) -> tuple[str | bytes, str]:
        """The body of an answer, with the content type that the caller likes best of those that there are."""
        preferred = (utils.media_type(environment.Environment().default_accept), *PREFERRED)
        for media_range in utils.parse_accept(accept):
            for content_type in preferred:
                if content_type in encoder.SUPPORTED_CONTENT_TYPES and utils.covers(
                    media_range, content_type
                ):
                    return encoder.encode(prediction, content_type), content_type
        raise errors.UnsupportedFormatError(accept)

    def default_pre_model_fn(self, model_dir: str, context: Foreign = None) -> None:
        """Before the model is loaded: nothing."""

    def default_model_warmup_fn(self, model_dir: str, model: Foreign, context: Foreign = None) -> None:
        """After it was loaded: nothing."""
