"""Says which requirements this interpreter meets already. Run by path, standard library only.

The only argument: a JSON array of requirements. Standard output: `{"python": "3.11", "executable": ...,
"folders": [...], "pip": VERSION or null, "unmet": [{"requirement": ..., "installed": VERSION or null}]}`,
folders being where its packages lie.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

SAME_PACKAGE: Final = {"xgboost": ("xgboost-cpu",), "tensorflow": ("tensorflow-cpu",)}
"""Distribution → others that install the same importable package."""


def main() -> None:
    """Answer on standard output."""
    sys.path.pop(0)  # this file's own folder
    wanted = json.loads(sys.argv[1])
    parse = requirement_class()
    unmet = [entry for text in wanted if (entry := check(text, parse)) is not None]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folders = [folder for folder in sys.path if folder.endswith(("site-packages", "dist-packages"))]
    found = {"python": version, "executable": sys.executable, "folders": folders, "unmet": unmet}
    json.dump({**found, "pip": installed_version("pip")}, sys.stdout)


def requirement_class() -> Callable[[str], Any] | None:
    """What reads requirements: `packaging`, or the copy that pip carries; None where there is neither."""
    for module in ("packaging.requirements", "pip._vendor.packaging.requirements"):
        with contextlib.suppress(ImportError):
            requirement: Callable[[str], Any] = importlib.import_module(module).Requirement
            return requirement
    return None


def installed_version(name: str) -> str | None:
    """The version of a distribution, or of another one that brings the same package."""
    for distribution in (name, *SAME_PACKAGE.get(name.lower(), ())):
        with contextlib.suppress(metadata.PackageNotFoundError):
            return metadata.version(distribution)
    return None


def check(text: str, parse: Callable[[str], Any] | None) -> dict[str, str | None] | None:
    """The requirement with the version that is installed instead; None if it is met."""
    if parse is None:
        return {"requirement": text, "installed": None}
    try:
        requirement = parse(text)
    except ValueError:
        return {"requirement": text, "installed": None}
    if requirement.marker is not None and not requirement.marker.evaluate():
        return None
    installed = installed_version(requirement.name)
    if (
        installed is not None
        and requirement.url is None
        and requirement.specifier.contains(installed, prereleases=True)
    ):
        return None
    return {"requirement": text, "installed": installed}


if __name__ == "__main__":
    main()
