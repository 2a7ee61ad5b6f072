"""Values of somebody else's code."""

from __future__ import annotations

from typing import Any, TypeAlias

Foreign: TypeAlias = Any
"""A value of a user's module or of a framework: nothing is known of it but what is looked at."""
