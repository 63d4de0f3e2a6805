"""One study in the queue: its name, its folder, and the images and results in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from nodulescope.apps.dicom_node.durable_files import make_folder, sync_folder

KEY_DIGITS = 20
"""Of the SHA-256 of a UID: 80 bits, so that among ten million studies two share a key with a probability of 1 in 10^10."""


class Phase(StrEnum):
    """Where a study stands; each is a folder of the queue."""

    RECEIVING = "receiving"
    WAITING = "waiting"
    WORKING = "working"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"


def study_key(uid: str) -> str:
    """Name a study, or an image, without its UID: safe as a file's name whatever the sender wrote, and short in a log."""
    return sha256(uid.encode()).hexdigest()[:KEY_DIGITS]


@dataclass(frozen=True)
class QueuedStudy:
    """A study's folder in the queue.

    Attributes:
        key: see :func:`study_key`.
        folder: of this study, in its present phase.
        attempt: number of the analysis that is under way, from 1; 0 in other phases.
    """

    key: str
    folder: Path
    attempt: int = 0

    @property
    def images(self) -> Path:
        """Folder of the images as they came, one file each."""
        return self.folder / "images"

    @property
    def attempted_results(self) -> Path:
        """Where the analysis writes. Each attempt has a place of its own, so that no leftover of another can be taken for its result."""
        return self.folder / f"attempt-{self.attempt}"

    @property
    def results(self) -> Path:
        """Folder of the results of a study that was analysed."""
        return self.folder / "results"

    @property
    def result_objects(self) -> list[Path]:
        """The DICOM objects among the results, whatever the analysis calls them."""
        return sorted(self.results.glob("*.dcm"))

    def image_names(self) -> set[str]:
        """Names of the images that are there."""
        return {entry.name for entry in self.images.iterdir()} if self.images.exists() else set()

    def take_images(self, source: QueuedStudy, *, replace: bool) -> None:
        """Move images here one by one: a kill in between leaves each of them in one place or the other, and the next call goes on.

        Args:
            source: where they are.
            replace: which of two images of the same name stays: the one of ``source``, or the one that is here.
        """
        make_folder(self.images)
        present = self.image_names()
        for name in sorted(source.image_names()):
            if replace or name not in present:
                (source.images / name).replace(self.images / name)
            else:
                (source.images / name).unlink()
        sync_folder(self.images)

    def last_change(self) -> tuple[float, str]:
        """When its last image came, or its last attempt ended; for the order in which studies take their turns."""
        folder = self.images if self.images.exists() else self.folder
        return folder.stat().st_mtime, self.key


def remove_all_but(folder: Path, kept: Iterable[str]) -> None:
    """Remove everything in a folder but some names."""
    for entry in folder.iterdir():
        if entry.name not in kept:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
