"""A scoring script: found, imported, looked at, and its `init()` run."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from hostler import tracebacks
from hostler.scoring import logs
from hostler.scoring.raw import is_raw

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from hostler.scoring.foreign import Foreign
    from hostler.scoring.settings import Settings

TEXT: Final = "text"
SCHEMA: Final = "schema"
RAW: Final = "raw"
MODULE: Final = "entry_module"
HEADERS: Final = "request_headers"


class ScriptError(Exception):
    """The script cannot be served.

    Args:
        message: what is wrong, in one sentence.
        where: file and line, where known.
    """

    def __init__(self, message: str, where: str | None = None) -> None:
        super().__init__(message)
        self.where = where


class Script(NamedTuple):
    """What a script offers.

    Attributes:
        init: its init(), or None.
        run: its run(), or None where it serves by itself.
        mode: TEXT, SCHEMA or RAW.
        parameters: those of run() that take data.
        takes_headers: whether run() has a `request_headers`.
    """

    init: Callable[[], Foreign] | None
    run: Callable[..., Foreign] | None
    mode: str
    parameters: tuple[inspect.Parameter, ...]
    takes_headers: bool


def load(settings: Settings, is_run_optional: bool) -> Script:
    """Import the script and see what run() takes.

    Args:
        settings: where it is.
        is_run_optional: whether it may have no run(): its init() starts a server of its own.

    Raises:
        ScriptError: it is not there, raises, or its functions are not what they must be.
    """
    _extend_path(settings)
    module = _import(settings)
    path = getattr(module, "__file__", None)
    if not callable(getattr(module, "init", None)):
        raise ScriptError(f"User script at {path} does not have a init() function defined.", path)
    if not callable(getattr(module, "run", None)):
        if is_run_optional:
            return Script(module.init, None, TEXT, (), False)
        raise ScriptError(f"User script at {path} does not have a run() function defined.", path)
    driven = getattr(module, "driver_module", None)
    if inspect.ismodule(driven) and hasattr(driven, "run"):
        logs.user_script.info("Found driver script at %s and the score script at %s", path, driven.__file__)
        return _analyze(module.init, driven.run, path)
    logs.user_script.info("Found user script at %s", path)
    return _analyze(module.init, module.run, path)


def _extend_path(settings: Settings) -> None:
    """The application's folder comes first, as the working folder does there; the script's own comes last."""
    root = settings.app_root
    if root not in sys.path:
        sys.path.insert(0, root)
    last = [os.path.join(root, settings.source_dir)] if settings.source_dir else []
    if settings.entry_script:
        last.append(os.path.dirname(os.path.join(root, settings.entry_script)))
    sys.path += [folder for folder in last if folder not in sys.path]


def _import(settings: Settings) -> ModuleType:
    if settings.entry_script is None:
        return _import_main(settings.app_root)
    path = os.path.join(settings.app_root, settings.entry_script)
    spec = importlib.util.spec_from_file_location(MODULE, path)
    if spec is None or spec.loader is None:
        raise ScriptError(f"{path} is not a Python file.", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module  # dataclasses, pickle and pydantic look classes' modules up there
    try:
        spec.loader.exec_module(module)
    except FileNotFoundError as error:
        if error.filename != path:
            raise _explained(error, "Failed to import user script", path) from error
        logs.server.error("No such file or directory.")
        raise ScriptError(f"No such file or directory: {path}", path) from error
    except BaseException as error:
        raise _explained(error, "Failed to import user script", path) from error
    return module


def _import_main(app_root: str) -> ModuleType:
    try:
        return importlib.import_module("main")
    except ModuleNotFoundError as error:
        if error.name != "main":
            raise _explained(error, "Failed to import user script", "main") from error
        logs.server.error("No score script found. Expected score script main.py.")
        logs.server.error("Expected script to be found in PYTHONPATH: %s", sys.path)
        if os.path.isdir(app_root):
            logs.server.error("Current contents of AML_APP_ROOT: %s", os.listdir(app_root))
        else:
            logs.server.error("The directory %s not an accessible directory in the container.", app_root)
        raise ScriptError(f"No score script found: there is no main.py in {app_root}.", app_root) from error
    except BaseException as error:
        raise _explained(error, "Failed to import user script", "main") from error


def _analyze(init: Callable[[], Foreign], run: Callable[..., Foreign], path: str | None) -> Script:
    every = tuple(inspect.signature(run).parameters.values())
    if any(one.kind not in (one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD) for one in every):
        raise ScriptError("run() cannot accept positional-only arguments, *args, or **kwargs.", path)
    parameters = tuple(one for one in every if one.name != HEADERS)
    takes_headers = len(parameters) < len(every)
    if not parameters:
        what = f'other than "{HEADERS}"' if takes_headers else "for input data"
        raise ScriptError(f"run() needs to accept an argument {what}.", path)
    return Script(init, run, _mode(run, parameters, path), parameters, takes_headers)


def _mode(run: Callable[..., Foreign], parameters: tuple[inspect.Parameter, ...], path: str | None) -> str:
    schemas: Foreign = sys.modules.get(
        "inference_schema.schema_util"
    )  # not imported: nothing is decorated with it
    has_schema = schemas is not None and schemas.is_schema_decorated(run)
    if is_raw(run):
        if has_schema:
            raise ScriptError("run() cannot be decorated with both @rawhttp and @input_schema", path)
        logs.user_script.info(
            "run() is decorated with @rawhttp. Server will invoke it with the flask request object."
        )
        return RAW
    if has_schema:
        names = ", ".join(one.name for one in parameters)
        logs.user_script.info(
            "run() is decorated with @input_schema. Server will invoke it with the following arguments: %s.",
            names,
        )
        return SCHEMA
    logs.user_script.info("run() is not decorated. Server will invoke it with the input in JSON string.")
    return TEXT


def initialize(script: Script, settings: Settings, finish: Callable[[Foreign], Foreign]) -> None:
    """Run init().

    Args:
        script: what was loaded.
        settings: where the model is, which is listed when init() fails.
        finish: waits for what an `async def init()` returned.

    Raises:
        ScriptError: it raised.
    """
    if script.init is None:
        return
    logs.user_script.info("Invoking user's init function")
    try:
        result = script.init()
        if inspect.isawaitable(result):
            finish(result)
    except BaseException as error:
        logs.server.error("User's init function failed")
        failure = _explained(error, "init() failed", None)
        if settings.model_dir and os.path.exists(settings.model_dir):
            logs.show_folder(settings.model_dir)
        raise failure from error
    logs.user_script.info("Users's init has completed successfully")


def _explained(error: BaseException, what: str, path: str | None) -> ScriptError:
    """Log the traceback, and keep its last line with the place in the script that it leads to."""
    own = os.path.dirname(os.path.abspath(__file__))
    trace = tracebacks.read(error, (own,))
    logs.server.error("Encountered Exception: Traceback (most recent call last):\n%s", trace.text)
    return ScriptError(f"{what}: {trace.last}", trace.where or path)


def log_failure(error: BaseException) -> None:
    """Log what run() raised, without the frames of the server around it."""
    _explained(error, "run() failed", None)
