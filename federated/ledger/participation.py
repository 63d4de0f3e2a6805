"""One site in one round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nodulescope.federated.ledger.reasons import Reason


@dataclass(frozen=True)
class Participation:
    """What one site did in one round.

    Attributes:
        reason: why it did not take part; None if it did.
        cases: training cases, the weight of its result.
        validation_cases: cases that the metric was measured on.
        steps: steps of the optimizer.
        seconds: from the arrival of the weights to the result, at the site.
        bytes_down: arrays that it received.
        bytes_up: arrays that it sent.
        metric: the bundle's key metric of the weights that it received, on its own validation cases; None if not measured.
        loss: mean loss of its training in this round.
        privacy: what the filters of privacy report of this result, such as the budget that was spent.
    """

    reason: Reason | None = None
    cases: int = 0
    validation_cases: int = 0
    steps: int = 0
    seconds: float = 0.0
    bytes_down: int = 0
    bytes_up: int = 0
    metric: float | None = None
    loss: float | None = None
    privacy: Mapping[str, Any] = field(default_factory=dict)

    @property
    def took_part(self) -> bool:
        """Whether its result was used."""
        return self.reason is None

    def to_json(self) -> dict[str, Any]:
        """As the ledger's file holds it."""
        if self.reason is not None:
            return {"took_part": False, "reason": self.reason.name, "why": self.reason.value}
        values = {name: getattr(self, name) for name in _MEASURED}
        return {"took_part": True, **values, "privacy": dict(self.privacy)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Participation:
        """What :meth:`to_json` wrote."""
        if not content["took_part"]:
            return cls(Reason.of(content["reason"]))
        return cls(None, **{name: content[name] for name in (*_MEASURED, "privacy")})

    def but(self, reason: Reason) -> Participation:
        """The same, but not used."""
        return replace(self, reason=reason)


_MEASURED = ("cases", "validation_cases", "steps", "seconds", "bytes_down", "bytes_up", "metric", "loss")
