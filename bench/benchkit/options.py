"""What the command line can set; a scenario brings its own values for what it does not."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Options:
    servers: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)
    rounds: int = 3
    seconds: float = 3
    timeout: int = 10
    patience: float = 120
    quick: bool = False

    def fewer(self, full: int, quick: int) -> int:
        return quick if self.quick else full
