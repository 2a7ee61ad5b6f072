"""The Python side of hostler: a zygote that forks workers, and workers that load and call models."""

__version__ = "0.1.0"
