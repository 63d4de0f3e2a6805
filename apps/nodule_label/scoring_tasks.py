"""What is measured on studies and labels: which scan to label next, broken annotation rules, readers who disagree."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from monailabel.interfaces.datastore import Datastore
from monailabel.interfaces.tasks.scoring import ScoringMethod

from nodulescope.apps.nodule_label.acquisition import JUDGED_BY, Acquisition, AcquisitionScores, score_scan
from nodulescope.apps.nodule_label.quality import all_violations, disagreements
from nodulescope.bundles.data.scan_cache import write_json
from nodulescope.bundles.errors import NodulescopeError

if TYPE_CHECKING:
    from nodulescope.apps.nodule_label.app import NoduleLabelApp

logger = logging.getLogger(__name__)

Measure = Callable[[dict[str, Any], Datastore], Any]


class ScoringTask(ScoringMethod):
    """Answers ``/scoring/NAME``; runs in a process of its own.

    Args:
        description: one sentence.
        measure: does it.
    """

    def __init__(self, description: str, measure: Measure) -> None:
        super().__init__(description)
        self.measure = measure

    def __call__(self, request: dict[str, Any], datastore: Datastore) -> Any:
        """Measure; what comes out is logged as JSON and kept in the state folder."""
        return self.measure(request, datastore)


def scoring_tasks(app: NoduleLabelApp) -> Mapping[str, ScoringTask]:
    """Every measurement by its name.

    Args:
        app: whose studies, labels and models are measured.
    """

    def rules(_: dict[str, Any], __: Datastore) -> Any:
        found = all_violations(app.labelled)
        write_json(found, app.state.root / "violations.json")
        return found

    def readers(_: dict[str, Any], __: Datastore) -> Any:
        found = disagreements(app.submitted)
        app.state.root.mkdir(parents=True, exist_ok=True)
        write_json(found, app.state.root / "disagreements.json")
        return found

    return {
        "acquisition": ScoringTask("How much a label of each unlabelled scan would teach.", lambda _, studies: score_all(app, studies)),
        "annotation_rules": ScoringTask("What the submitted labels break of the annotation rules.", rules),
        "readers": ScoringTask("Where readers of the same scan disagree.", readers),
    }


def score_all(app: NoduleLabelApp, studies: Datastore) -> dict[str, Any]:
    """Score every unlabelled scan that has no score of the versions that are served."""
    judges = [app.versions.served(bundle).number for bundle in JUDGED_BY]
    kept = AcquisitionScores(app.state.scores)
    waiting = sorted(studies.get_unlabeled_images())
    known = kept.read(judges)
    scores = {study: one for study, one in known.items() if study in waiting}
    for study in waiting:
        if study not in scores:
            scores |= _scored(app, study)
            kept.write(judges, scores)  # after each: a scan takes a minute, and a stopped process shall lose no more than one
    kept.write(judges, scores)
    return {study: asdict(one) for study, one in scores.items()}


def _scored(app: NoduleLabelApp, study: str) -> dict[str, Acquisition]:
    try:
        return {study: score_scan(app.models, app.read_study(study))}
    except NodulescopeError as error:
        logger.warning("%s has no score: %s", study, error)
        return {}
