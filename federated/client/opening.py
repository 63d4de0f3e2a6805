"""May this site take part in this job, and with what?"""

from __future__ import annotations

from pathlib import Path

from nodulescope.bundles.errors import NodulescopeError
from nodulescope.federated.bundle_identity import bundle_sha256
from nodulescope.federated.ledger.reasons import Reason
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.sites.place import Place, site_place


class Refused(Exception):
    """This site does not take part.

    Args:
        reason: what the server is told.
        message: what the site's own people are told.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def open_place(settings: JobSettings, name: str, kit: Path) -> Place:
    """Where this site works, once its bundle turned out to be the one that the job means.

    Args:
        settings: the job's.
        name: the site's.
        kit: its startup kit's folder.

    Raises:
        Refused: the site has no site file, or not the bundle of the job.
    """
    try:
        place = site_place(name, kit)
    except NodulescopeError as error:
        raise Refused(Reason.NO_SITE_FILE, str(error)) from error
    try:
        root = place.bundle_root(settings.bundle)
        own = bundle_sha256(root)
    except NodulescopeError as error:
        raise Refused(Reason.NO_BUNDLE, str(error)) from error
    if own != settings.bundle_sha256:
        raise Refused(Reason.OTHER_BUNDLE, f"{root}: its code has the hash {own}, the job is for {settings.bundle_sha256}")
    return place
