"""Starts the HTTP server as a process of its own."""

import os
import subprocess
import sys


class ApiServer:
    """The server's process.

    Args:
        port: what it listens on.
    """

    def __init__(self, port: int = 8003) -> None:
        here = os.path.dirname(os.path.abspath(__file__))
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(here, "engine", "api_engine.py"), str(port)], cwd=here
        )
        print(f"init in process {os.getpid()}, server in process {self.process.pid}")
