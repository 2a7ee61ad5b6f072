"""What a model's own `code/requirements.txt` asks for, kept apart from what other models have.

What the interpreter has already is not installed again. The rest goes into a folder under a name made of the
requirements, so that it is made once, however many models and processes want it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Final

from hostler.handlers.errors import HandlerError

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER: Final = os.path.join(tempfile.gettempdir(), f"hostler-requirements-{os.getuid()}")
READY: Final = ".hostler-ready"
"""Written last: a folder without it was not finished."""


def install(file: str) -> str | None:
    """Install what is missing of a model's requirements.

    Args:
        file: absolute path of the `requirements.txt`.

    Returns:
        The folder of packages that the model needs on its path, or None where nothing was missing.

    Raises:
        HandlerError: pip fails, or the place for it is not ours.
    """
    with open(file, encoding="utf-8") as stream:
        text = stream.read()
    if is_met(text):
        return None
    folder = os.path.join(_private_folder(), _name(text, os.path.dirname(file)))
    with _locked(f"{folder}.lock"):
        if not os.path.exists(os.path.join(folder, READY)):
            print(f"Installing what {file} asks for.")
            _make(folder, file)
    return _packages(folder)


def is_met(text: str) -> bool:
    """Whether this interpreter has all of it; what pip alone understands counts as missing."""
    from hostler import check_requirements

    lines = [line.partition(" #")[0].strip() for line in text.splitlines()]
    wanted = [line for line in lines if line and not line.startswith("#")]
    if not wanted:
        return True
    parse = check_requirements.requirement_class()
    return all(not line.startswith("-") and check_requirements.check(line, parse) is None for line in wanted)


def _name(text: str, code_dir: str) -> str:
    """The same for all that means the same: lines that name files mean something only where they are."""
    place = code_dir if any(line.lstrip().startswith(("-", ".", "/")) for line in text.splitlines()) else ""
    parts = "\0".join((sys.executable, sys.version, place, text))
    return hashlib.sha256(parts.encode()).hexdigest()[:20]


def _private_folder() -> str:
    """Code will be imported from there: nobody else may write to it."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(FOLDER, 0o700)
    found = os.lstat(FOLDER)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise HandlerError(
            f"{FOLDER} must be a folder that only this user can write to; remove it, or set TMPDIR."
        )
    return FOLDER


@contextlib.contextmanager
def _locked(path: str) -> Iterator[None]:
    with open(path, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(folder: str, file: str) -> None:
    """An environment on top of this one, whose packages are all that is used of it."""
    import venv

    shutil.rmtree(folder, ignore_errors=True)
    venv.EnvBuilder(symlinks=True).create(folder)
    below = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    with open(os.path.join(_packages(folder), "hostler.pth"), "w", encoding="utf-8") as stream:
        stream.write("".join(f"{path}\n" for path in below))
    pip = [sys.executable, "-m", "pip", "--python", os.path.join(folder, "bin", "python")]
    arguments = ["install", "--disable-pip-version-check", "--no-input", "-r", file]
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([*pip, *arguments], cwd=os.path.dirname(file), env=variables, check=False)
    if done.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        raise HandlerError(
            f"pip could not install what {file} asks for (exit status {done.returncode}); the model's log "
            "has its output.",
            file,
        )
    with open(os.path.join(folder, READY), "w", encoding="ascii"):
        pass


def _packages(folder: str) -> str:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return os.path.join(folder, "lib", version, "site-packages")
