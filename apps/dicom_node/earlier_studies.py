"""What the node does with several studies of one patient: the earlier one is analysed first, and is the prior of the later one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nodulescope.apps.dicom_node.json_log import JsonLog
from nodulescope.apps.dicom_node.prior_findings import PriorFindings
from nodulescope.apps.dicom_node.queued_study import QueuedStudy
from nodulescope.apps.dicom_node.study_identity import StudyIdentity, read_identity


class EarlierStudies:
    """Knows the patients of the studies in the queue, and the findings of their earlier ones.

    Args:
        root: folder of the findings that are kept.
        log: told of findings that cannot be used.
    """

    def __init__(self, root: Path, log: JsonLog) -> None:
        self._findings = PriorFindings(root, log)
        self._identities: dict[str, StudyIdentity | None] = {}

    def must_wait(self, study: QueuedStudy, pending: Sequence[QueuedStudy]) -> bool:
        """Whether an earlier study of the same patient is arriving or waits, which shall be analysed first.

        Earlier is by day, so that no two studies wait for each other; and what arrives is complete, or gone, some time.

        Args:
            study: a study that waits.
            pending: all that are arriving or waiting.
        """
        keys = {one.key for one in pending}
        self._identities = {key: identity for key, identity in self._identities.items() if key in keys}
        own = self._identity(study)
        others = [identity for one in pending if one.key != study.key and (identity := self._identity(one)) is not None]
        return own is not None and any(own.may_follow(other) for other in others)

    def prior_of(self, study: QueuedStudy) -> Path | None:
        """The findings that a study is compared with; None where there are none."""
        identity = read_identity(study.images)
        return None if identity is None else self._findings.prior_of(study, identity)

    def keep(self, study: QueuedStudy) -> None:
        """Keep the findings of a study whose analysis has ended well."""
        identity = read_identity(study.images)
        results = study.attempted_results if study.attempted_results.exists() else study.results
        if identity is not None:
            self._findings.keep(study, identity, results)

    def tidy(self) -> None:
        """Remove findings that are too old to be compared with."""
        self._findings.tidy()

    def _identity(self, study: QueuedStudy) -> StudyIdentity | None:
        """Read once: an image cannot change whose it is. None is asked again, for a study may have no image yet."""
        known = self._identities.get(study.key) or read_identity(study.images)
        self._identities[study.key] = known
        return known
