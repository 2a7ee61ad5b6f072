"""Runs a scoring script whose server is its own: one that listens on a port instead of offering `run()`.

Run by path, standard library only: `own_server.py run` in the application's folder, AZUREML_ENTRY_SCRIPT
naming the script; or `own_server.py inspect SCRIPT`, which prints what the script defines and runs nothing.

The script is imported as the scoring server imports it, and its `init()` is called, which may start processes
or threads, or never return. One without `init()`, or whose `init()` leaves nothing running though there is a
block for `__main__`, runs as the main program. This process lives as long as anything that it started.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import json
import os
import runpy
import select
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

HOPELESS: Final = 79
"""Exit code that says that starting again cannot help."""

SHOWN_LINES: Final = 200


def main(arguments: list[str]) -> None:
    """Do what the first argument says."""
    if arguments[:1] == ["inspect"] and len(arguments) == 2:
        json.dump(inspect(arguments[1]), sys.stdout)
    elif arguments == ["run"]:
        run(os.path.abspath(os.environ["AZUREML_ENTRY_SCRIPT"]))
    else:
        sys.exit(
            f"usage: own_server.py run | inspect SCRIPT (started by hostler, not by hand); got {arguments}"
        )


def inspect(script: str) -> dict[str, object]:
    """What the top level of a script defines; `error` for one that is no Python."""
    try:
        with open(script, "rb") as file:
            tree = ast.parse(file.read(), script)
    except (OSError, SyntaxError, ValueError) as error:
        return {"error": str(error)}
    names: set[str] = set()
    has_star = has_main = False
    for node in top_level(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
            has_star = has_star or any(alias.name == "*" for alias in node.names)
        elif isinstance(node, ast.If) and is_main_guard(node.test):
            has_main = True
    # Names may come with a star from elsewhere: then nobody knows before it runs.
    has_run = has_star or "run" in names or "driver_module" in names
    return {"init": "init" in names or has_star, "run": has_run, "main": has_main}


def top_level(tree: ast.Module) -> Iterator[ast.AST]:
    """Everything that runs on import: all nodes but those inside of functions and classes."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def is_main_guard(test: ast.expr) -> bool:
    """Whether it is `__name__ == "__main__"`."""
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in test.comparators)
    )


def run(script: str) -> None:
    """Run the script as what it is, and live as long as what it started."""
    sys.path[0] = os.path.dirname(script)
    root = os.environ.get("AML_APP_ROOT", os.getcwd())
    source = os.environ.get("AZUREML_SOURCE_DIRECTORY")
    sys.path[:0] = [folder for folder in (root, source) if folder and folder not in sys.path]
    stand_ins = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scoring", "packages")
    if os.path.isdir(stand_ins):
        sys.path.append(stand_ins)  # last: what is really installed wins
    sys.argv = [script]
    found = inspect(script)
    if found.get("error") is not None:
        give_up(f"{script} cannot be read as Python: {found['error']}")
    if found["init"] and call_init(script):
        if not has_started_something():
            if not found["main"]:
                give_up(f"init() of {script} has returned and left nothing running that could answer.")
            run_as_main(script)
    else:
        run_as_main(script)
    wait_for_family()
    sys.exit(f"What {script} had started has ended.")


def call_init(script: str) -> bool:
    """Import the script and call its `init()`; whether there is one."""
    module = load(script)
    init = getattr(module, "init", None)
    if init is None:
        return False
    init()
    return True


def load(script: str) -> ModuleType:
    """Import the script under the name that the scoring server gives it; an import that fails is hopeless."""
    try:
        spec = importlib.util.spec_from_file_location("entry_module", script)
        if spec is None or spec.loader is None:
            give_up(f"{script} is not a Python script.")
        module = importlib.util.module_from_spec(spec)
        sys.modules["entry_module"] = module
        spec.loader.exec_module(module)
    except Exception:
        traceback.print_exc()
        show_model_folder()
        sys.exit(HOPELESS)
    return module


def run_as_main(script: str) -> None:
    """Run the script as `python SCRIPT` would."""
    try:
        runpy.run_path(script, run_name="__main__")
    except (ImportError, SyntaxError):
        traceback.print_exc()
        sys.exit(HOPELESS)


def give_up(why: str) -> NoReturn:
    """Say why, and end in a way that says that it will always be so."""
    print(why, file=sys.stderr)
    sys.exit(HOPELESS)


def show_model_folder() -> None:
    """Print what the model's folder holds: a wrong path in there is the commonest reason."""
    folder = os.environ.get("AZUREML_MODEL_DIR")
    if folder is None:
        return
    print(f"The model folder {folder} holds:", file=sys.stderr)
    shown = 0
    for path, _, files in os.walk(folder):
        for name in sorted(files):
            shown += 1
            if shown > SHOWN_LINES:
                print("  ...", file=sys.stderr)
                return
            print(f"  {os.path.relpath(os.path.join(path, name), folder)}", file=sys.stderr)


def other_threads() -> list[threading.Thread]:
    """Python threads beside the main one."""
    return [thread for thread in threading.enumerate() if thread is not threading.main_thread()]


def has_started_something() -> bool:
    """Whether there is a thread, or a child, be it one that has ended: it may do better next time."""
    return bool(children(without=b"") or other_threads())


def wait_for_family() -> None:
    """Wait until no child and no thread is left; nobody's exit status is taken from who waits for it."""
    while True:
        pids = children()
        threads = other_threads()
        if pids:
            wait_for_one(pids)
        elif threads:
            threads[0].join()
        else:
            return


def children(without: bytes = b"Z X") -> list[int]:
    """Children but for those in these states; where there is no /proc, 0 stands for any that lives."""
    if sys.platform != "linux":
        return [0] if has_any_child() else []
    own = str(os.getpid()).encode()
    found = []
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                state, parent = file.read().rpartition(b")")[2].split()[:2]
                if parent == own and state not in without.split():
                    found.append(int(name))
    return found


def has_any_child() -> bool:
    """Whether there is a child, taking leave of those that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
    except ChildProcessError:
        return False
    return True


def wait_for_one(pids: list[int]) -> None:
    """Return when one of these has ended."""
    if sys.platform != "linux":
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)
        return
    poll = select.poll()
    descriptors = []
    try:
        for pid in pids:
            descriptor = os.pidfd_open(pid)
            descriptors.append(descriptor)
            poll.register(descriptor, select.POLLIN)
        poll.poll()
    except ProcessLookupError:
        return  # it ended in between
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


if __name__ == "__main__":
    main(sys.argv[1:])
