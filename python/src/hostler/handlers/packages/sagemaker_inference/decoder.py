"""Bodies become arrays. Nothing is unpickled."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

from . import content_types, errors, utils

if TYPE_CHECKING:
    from collections.abc import Callable

    from .foreign import Foreign


def decode(obj: Foreign, content_type: str | None) -> Foreign:
    """A body as a numpy array, or for `application/x-npz` as a sparse matrix.

    Args:
        obj: text or bytes.
        content_type: `application/json`, `text/csv`, `application/x-npy` or `application/x-npz`, with any
            parameters.

    Raises:
        UnsupportedFormatError: any other content type.
        UnreadableInputError: the body is not what the content type says.
    """
    decoder = _decoder_map.get(utils.media_type(content_type or ""))
    if decoder is None:
        raise errors.UnsupportedFormatError(content_type)
    try:
        return decoder(obj)
    except (ValueError, EOFError, OSError, KeyError) as error:
        raise errors.UnreadableInputError(f"The body is not {content_type}: {error}") from error


def _json_to_numpy(text: Foreign, dtype: Foreign = None) -> Foreign:
    import numpy as np

    return np.array(json.loads(text), dtype=dtype)


def _csv_to_numpy(text: Foreign, dtype: Foreign = None) -> Foreign:
    import numpy as np

    return np.genfromtxt(io.StringIO(_text(text)), dtype=dtype, delimiter=",")


def _npy_to_numpy(data: Foreign) -> Foreign:
    import numpy as np

    return np.load(io.BytesIO(data), allow_pickle=False)


def _npz_to_sparse(data: Foreign) -> Foreign:
    from scipy import sparse

    return sparse.load_npz(io.BytesIO(data))


def _text(value: Foreign) -> str:
    return value if isinstance(value, str) else bytes(value).decode()


_decoder_map: dict[str, Callable[[Foreign], Foreign]] = {
    content_types.JSON: _json_to_numpy,
    content_types.CSV: _csv_to_numpy,
    content_types.NPY: _npy_to_numpy,
    content_types.NPZ: _npz_to_sparse,
}
SUPPORTED_CONTENT_TYPES = frozenset(_decoder_map)
