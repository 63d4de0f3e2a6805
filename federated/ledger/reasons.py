"""Why a site did not take part: a fixed list, so that no message can carry a name, a path or a value out of a site."""

from __future__ import annotations

from enum import Enum

HEADER = "nodulescope_reason"
"""A result that holds no weights says its reason in this header."""


class Reason(Enum):
    """Why a site did not take part; the value is what a reader of the ledger sees."""

    NO_SITE_FILE = "it has no site file that describes it"
    NO_BUNDLE = "it does not have the bundle"
    OTHER_BUNDLE = "its bundle's code is not that of the job"
    NOT_ALLOWED = "it does not allow this bundle"
    NO_DATA = "it has no cases to train or to validate on"
    UNREADABLE_DATA = "its data cannot be read"
    BAD_SETTINGS = "the bundle cannot be built with its settings"
    OTHER_NETWORK = "its network has other shapes"
    NOT_FINITE = "its result holds numbers that are not finite"
    WRONG_SHAPE = "its result does not fit the network"
    TRAINING_FAILED = "its training failed"
    SILENT = "it gave no answer in time"
    LATE = "its answer came after the round"
    NEVER_JOINED = "it never joined"
    STOPPED = "the run was stopped"

    @classmethod
    def of(cls, name: object) -> Reason:
        """The reason of this name; what a site says in other words is a failed training."""
        return cls.__members__.get(str(name), cls.TRAINING_FAILED)
