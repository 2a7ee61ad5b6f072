"""Predictions become bodies."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

from . import content_types, errors, utils

if TYPE_CHECKING:
    from collections.abc import Callable

    from .foreign import Foreign


def encode(array_like: Foreign, content_type: str) -> str | bytes:
    """A prediction as text or bytes.

    Args:
        array_like: a numpy array, or anything that JSON or numpy takes.
        content_type: `application/json`, `text/csv` or `application/x-npy`, with any parameters.

    Raises:
        UnsupportedFormatError: any other content type.
    """
    encoder = _encoder_map.get(utils.media_type(content_type))
    if encoder is None:
        raise errors.UnsupportedFormatError(content_type)
    return encoder(array_like)


def _array_to_json(array_like: Foreign) -> str:
    return json.dumps(array_like, default=_plain)


def _plain(value: Foreign) -> Foreign:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _array_to_csv(array_like: Foreign) -> str:
    import numpy as np

    stream = io.StringIO()
    np.savetxt(stream, array_like, delimiter=",", fmt="%s")
    return stream.getvalue()


def _array_to_npy(array_like: Foreign) -> bytes:
    import numpy as np

    stream = io.BytesIO()
    np.save(stream, array_like, allow_pickle=False)
    return stream.getvalue()


_encoder_map: dict[str, Callable[[Foreign], str | bytes]] = {
    content_types.NPY: _array_to_npy,
    content_types.CSV: _array_to_csv,
    content_types.JSON: _array_to_json,
}
SUPPORTED_CONTENT_TYPES = frozenset(_encoder_map)
