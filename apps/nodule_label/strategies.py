"""Which scan a reader should label next."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monailabel.interfaces.datastore import Datastore
from monailabel.interfaces.tasks.strategy import Strategy
from monailabel.tasks.activelearning.random import Random

from nodulescope.apps.nodule_label.acquisition import AcquisitionScores


class ByScore(Strategy):
    """The unlabelled scan with the highest score; while none has one, any.

    Args:
        name: of the score: ``uncertainty`` or ``disagreement``.
        description: one sentence.
        scores: file of the scores.
    """

    def __init__(self, name: str, description: str, scores: Path) -> None:
        super().__init__(description)
        self.name = name
        self.scores = AcquisitionScores(scores)

    def __call__(self, request: dict[str, Any], datastore: Datastore) -> dict[str, Any] | None:
        """Choose; None where every scan has its label."""
        waiting = datastore.get_unlabeled_images(request.get("label_tag"), request.get("labels"))
        if not waiting:
            return None
        known = self.scores.read()
        scored = {study: getattr(known[study], self.name) for study in waiting if study in known}
        if not scored:
            chosen: dict[str, Any] = Random()(request, datastore)
            return {**chosen, "reason": f"No scan has a score of {self.name} yet: chosen at random. POST /scoring/acquisition makes them."}
        best = max(sorted(scored), key=lambda study: scored[study])
        reason = f"The highest {self.name} of {len(scored)} scored scans; {len(waiting)} have no label."
        return {"id": best, "weight": round(scored[best], 4), "reason": reason}


def strategies(scores: Path) -> Mapping[str, Strategy]:
    """Every strategy by its name in ``/activelearning/NAME``.

    Args:
        scores: file of the scores.
    """
    return {
        "uncertainty": ByScore("uncertainty", "The scan whose candidates the detector is least sure of.", scores),
        "disagreement": ByScore("disagreement", "The scan on which detector and grading network contradict each other most.", scores),
        "random": Random(),
    }
