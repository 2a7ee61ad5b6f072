"""Handlers: `handle(data, context)` as Multi Model Server calls it, each in a process of its own."""
