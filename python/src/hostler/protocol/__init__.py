"""The worker protocol without I/O: frames, headers and errors (docs/reference/worker-protocol.md)."""
