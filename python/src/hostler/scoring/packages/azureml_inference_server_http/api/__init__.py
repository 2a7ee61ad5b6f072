"""Requests and responses for scripts that want HTTP."""
