"""Where the rounds of a training that learns from its mistakes keep their files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Round:
    """One round: the first trains as any bundle does, each later one on the mistakes of the one before.

    Attributes:
        output: folder of the first round.
        number: 1, 2, 3 ...
    """

    output: Path
    number: int

    @property
    def folder(self) -> Path:
        """Where this round trains: its weights, curves and state."""
        return self.output if self.number == 1 else self.output / f"round{self.number}"

    @property
    def weights(self) -> Path:
        """Its best weights."""
        return self.folder / "best.pt"

    @property
    def datalist(self) -> Path:
        """The datalist, beside the first round's files, that names the mistakes of the round before."""
        return self.output / f"scans_round{self.number}.json"

    @property
    def before(self) -> Round:
        """The round before this one."""
        return Round(self.output, self.number - 1)
