"""What the server remembers of a run, so that a stopped one goes on, and where it leaves the result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from nodulescope.bundles.errors import UsageError
from nodulescope.federated.ledger.ledger import Ledger, read_ledger
from nodulescope.federated.server.global_model import GlobalModel
from nodulescope.federated.wire.arrays import Arrays, from_tensors, to_tensors

STATE = "server.pt"
LAST = "last.pt"
BEST = "best.pt"


@dataclass(frozen=True)
class RunFolder:
    """A run's folder at the server.

    Attributes:
        path: made when something is written.
    """

    path: Path

    def keep(self, model: GlobalModel, ledger: Ledger) -> None:
        """Remember the state after a round; the ledger is written last, so that it never promises more than there is."""
        self._write({"round": max(ledger.rounds, default=0), **model.state()}, STATE)
        ledger.write(self.path)

    def keep_weights(self, weights: Arrays, name: str) -> None:
        """Write weights as a state dict."""
        self._write(to_tensors(weights), name)

    def weights(self, name: str) -> Arrays | None:
        """Weights that were kept; None if there are none."""
        file = self.path / name
        if not file.is_file():
            return None
        return from_tensors(torch.load(file, map_location="cpu", weights_only=True))

    def recall(self, model: GlobalModel, ledger: Ledger) -> Ledger:
        """Put the model where the run stopped.

        Returns:
            The ledger so far, with the new job's settings.

        Raises:
            UsageError: there is no such run, or it was of another bundle or algorithm.
        """
        if not (self.path / STATE).is_file():
            raise UsageError(f"{self.path.name}: there is no stopped run of this name to resume")
        earlier = read_ledger(self.path)
        for what in ("bundle", "bundle_sha256", "algorithm", "kept_at_site"):
            if getattr(earlier.settings, what) != getattr(ledger.settings, what):
                raise UsageError(f"{self.path.name}: the stopped run has another {what}; give the run a name of its own")
        content = torch.load(self.path / STATE, map_location="cpu", weights_only=True)
        model.restore(content)
        done = int(content["round"])
        ledger.rounds = {number: sites for number, sites in earlier.rounds.items() if number <= done}
        ledger.late, ledger.key_metric, ledger.best = earlier.late, earlier.key_metric, earlier.best
        ledger.global_metric = {number: value for number, value in earlier.global_metric.items() if number < done}
        return ledger

    def _write(self, content: object, name: str) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        beside = self.path / f"{name}.part"
        torch.save(content, beside)
        beside.replace(self.path / name)
