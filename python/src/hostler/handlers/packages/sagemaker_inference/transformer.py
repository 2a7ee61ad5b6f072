"""Runs the functions of a user's module: model_fn, input_fn, predict_fn, output_fn or transform_fn."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import traceback
from typing import TYPE_CHECKING

from . import content_types, environment, errors, utils
from .default_inference_handler import DefaultInferenceHandler
from .environment import Environment
from .logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from .foreign import Foreign

STEPS = ("input_fn", "predict_fn", "output_fn")
ERROR_STATUS = 500
MESSAGE_LIMIT = 1000


class Transformer:
    """Loads a model once, and answers batches request by request: one that fails fails alone.

    Args:
        default_inference_handler: what to do where the user's module does not say.
    """

    def __init__(self, default_inference_handler: DefaultInferenceHandler | None = None) -> None:
        self._default_inference_handler = default_inference_handler or DefaultInferenceHandler()
        self._initialized = False
        self._environment: Environment | None = None
        self._model: Foreign = None
        self._pre_model_fn: Callable[..., Foreign] | None = None
        self._model_warmup_fn: Callable[..., Foreign] | None = None
        self._model_fn: Callable[..., Foreign] | None = None
        self._transform_fn: Callable[..., Foreign] | None = None
        self._input_fn: Callable[..., Foreign] | None = None
        self._predict_fn: Callable[..., Foreign] | None = None
        self._output_fn: Callable[..., Foreign] | None = None

    def validate_and_initialize(self, model_dir: str | None = None, context: Foreign = None) -> None:
        """Find the user's functions and load the model, once.

        Raises:
            ValueError: transform_fn beside one of the functions that it replaces.
            Exception: what the user's functions raise.
        """
        if self._initialized:
            return
        folder = model_dir or environment.model_dir
        self._environment = Environment()
        self._validate_user_module_and_set_functions()
        _call(self._pre_model_fn, context, folder)
        self._model = _call(self._model_fn, context, folder)
        _call(self._model_warmup_fn, context, folder, self._model)
        self._initialized = True

    def transform(self, data: Foreign, context: Foreign) -> list[Foreign]:
        """The bodies of the answers to a batch; status and content type of each are set in the context."""
        return [self._answer(one, self._context_of(context, index)) for index, one in enumerate(data)]

    def _context_of(self, context: Foreign, index: int) -> Foreign:
        for_request = getattr(context, "for_request", None)
        return context if for_request is None else for_request(index)

    def _answer(self, one: Foreign, context: Foreign) -> Foreign:
        try:
            return self._transform_one(one, context)
        except MemoryError:
            raise
        except Exception as error:
            _log(error)
            return self.handle_error(context, error)

    def handle_error(self, context: Foreign, inference_exception: Exception) -> str:
        """Set the status that says what went wrong; returns the body. Where it happened stays in the log."""
        if isinstance(inference_exception, errors.BaseInferenceToolkitError):
            status, message = inference_exception.status_code, str(inference_exception.message)
            phrase = str(inference_exception.phrase)
        else:
            status, phrase = ERROR_STATUS, "Internal Server Error"
            message = _first_line(str(inference_exception)) or type(inference_exception).__name__
        context.set_response_status(code=status, phrase=utils.remove_crlf(phrase))
        context.set_response_content_type(0, "text/plain")
        return message

    def _transform_one(self, one: Foreign, context: Foreign) -> Foreign:
        properties = context.request_processor[0].get_request_properties()
        content_type = utils.retrieve_content_type_header(properties)
        accept = self._accept(properties)
        body = _read(one.get("body"), content_type)
        if self._transform_fn is None:
            raise ValueError("the transformer has not been initialized")
        result = _call(self._transform_fn, context, self._model, body, _without_charset(content_type), accept)
        answer, answered_type = result if isinstance(result, tuple) else (result, _single(accept))
        context.set_response_content_type(0, answered_type)
        return answer

    def _accept(self, properties: Foreign) -> str:
        """What the caller accepts; the default where that is nothing or anything."""
        accept = utils.find_header(properties, "accept")
        default = (self._environment or Environment()).default_accept
        if accept is None or not accept.strip():
            return default
        ranges = utils.parse_accept(accept)
        if ranges == [content_types.ANY]:
            return default
        return ranges[0] if len(ranges) == 1 else accept

    def _validate_user_module_and_set_functions(self) -> None:
        defaults = self._default_inference_handler
        module = self._user_module()
        transform = getattr(module, "transform_fn", None)
        beside = [name for name in STEPS if hasattr(module, name)]
        if transform is not None and beside:
            raise ValueError(
                "Cannot use transform_fn implementation in conjunction with input_fn, predict_fn, and/or "
                f"output_fn implementation: {', '.join(beside)}."
            )

        def function(name: str) -> Callable[..., Foreign] | None:
            found: Callable[..., Foreign] | None = getattr(module, name, None)
            return found or getattr(defaults, f"default_{name}", None)

        self._pre_model_fn = function("pre_model_fn")
        self._model_fn = function("model_fn")
        self._model_warmup_fn = function("model_warmup_fn")
        self._input_fn, self._predict_fn, self._output_fn = map(function, STEPS)
        self._transform_fn = transform or self._default_transform_fn

    def _user_module(self) -> ModuleType | None:
        name = (self._environment or Environment()).module_name
        return importlib.import_module(name) if importlib.util.find_spec(name) is not None else None

    def _default_transform_fn(
        self,
        model: Foreign,
        input_data: Foreign,
        content_type: str | None,
        accept: str,
        context: Foreign = None,
    ) -> Foreign:
        """Input, prediction, output."""
        try:
            data = _call(self._input_fn, context, input_data, content_type)
        except errors.UnsupportedFormatError as error:
            raise errors.GenericInferenceToolkitError(415, str(error), "Unsupported Media Type") from error
        prediction = _call(self._predict_fn, context, data, model)
        try:
            return _call(self._output_fn, context, prediction, accept)
        except errors.UnsupportedFormatError as error:
            raise errors.GenericInferenceToolkitError(406, str(error), "Not Acceptable") from error


def _call(function: Callable[..., Foreign] | None, context: Foreign, *arguments: Foreign) -> Foreign:
    """Call with these arguments, and with the context if the function takes one more."""
    if function is None:
        return None
    parameters = inspect.signature(function).parameters.values()
    if any(one.kind is one.VAR_POSITIONAL for one in parameters):
        return function(*arguments)
    named = [one for one in parameters if one.name == "context"]
    positional = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    if named and named[0].kind is named[0].KEYWORD_ONLY:
        return function(*arguments, context=context)
    return function(*arguments, context) if len(positional) > len(arguments) else function(*arguments)


def _read(body: Foreign, content_type: str | None) -> Foreign:
    """Text for the formats that are text, in the charset that is named; bytes for all else."""
    if isinstance(body, str) or body is None or content_type is None:
        return body
    if utils.media_type(content_type) not in content_types.UTF8_TYPES:
        return body
    charset = utils.parameters_of(content_type).get("charset", "utf-8")
    try:
        return bytes(body).decode(charset)
    except (UnicodeDecodeError, LookupError) as error:
        raise errors.UnreadableInputError(f"The body is not text in {charset}: {error}") from error


def _without_charset(content_type: str | None) -> str | None:
    """The charset has been made use of: functions get to compare a plain `text/csv`."""
    if content_type is None or set(utils.parameters_of(content_type)) - {"charset"}:
        return content_type
    return utils.media_type(content_type)


def _single(accept: str) -> str:
    """The one content type that an answer has whose function does not say: what the caller likes best."""
    ranges = utils.parse_accept(accept)
    return next((one for one in ranges if "*" not in one), content_types.JSON)


def _log(error: Exception) -> None:
    """With the traceback, unless it is the caller who has to mend something."""
    if isinstance(error, errors.BaseInferenceToolkitError) and error.status_code < ERROR_STATUS:
        get_logger().warning("%d %s", error.status_code, _first_line(str(error.message)))
    else:
        traceback.print_exc()


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line[:MESSAGE_LIMIT]
