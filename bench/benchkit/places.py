"""Where things are; each can be named by an environment variable."""

from __future__ import annotations

import os
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1]
ROOT = BENCH.parent
PEERS_DIR = Path(os.environ.get("PEERS_DIR") or Path.home() / ".cache" / "hostler-peers")
RESULTS = BENCH / "results"
HOSTLER = Path(os.environ.get("HOSTLER_BIN") or ROOT / "bin" / "hostler")
HOSTLER_PYTHON = Path(os.environ.get("HOSTLER_PYTHON") or ROOT / ".venv" / "bin" / "python")


def node() -> str:
    """The Node binary that hostler runs on: the pinned one where the toolchain has put it, else PATH's."""
    pinned = ROOT / ".toolchain" / "node" / "bin" / "node"
    return os.environ.get("PEERS_NODE") or (str(pinned) if pinned.exists() else "node")
