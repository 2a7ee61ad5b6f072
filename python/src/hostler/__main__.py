"""`python3 .../hostler/__main__.py zygote|worker`: reads one JSON line on standard input, then serves."""

import sys


def put_package_last() -> None:
    """Make `hostler` importable without letting this tree hide anything that is installed.

    Run by path, Python puts this file's own folder first: a module `hostler/memory.py` would then answer
    `import memory`. The folder goes; its parent comes last, so that an installed package always wins.
    """
    folder = sys.path.pop(0)
    parent = folder.rpartition("/")[0]
    sys.path.insert(0, parent)
    __import__("hostler")  # bound to this tree now, whatever else is called hostler further down the path
    sys.path.remove(parent)
    sys.path.append(parent)


def main() -> None:
    """Serve as the role that the only argument names.

    Raises:
        SystemExit: with status 2 for any other arguments.
    """
    if __package__ in (None, ""):
        put_package_last()
    roles = sys.argv[1:]
    if roles == ["zygote"]:
        from hostler.zygote import main as serve
    elif roles == ["worker"]:
        from hostler.worker import main as serve
    else:
        sys.exit(f"usage: {sys.argv[0]} zygote|worker (started by hostler, not by hand); got {roles}")
    serve()


if __name__ == "__main__":
    main()
