"""What the application keeps, and where."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

NAME = ".nodulescope-label"


@dataclass(frozen=True)
class StateFolder:
    """The folder of everything that is not the studies themselves.

    Attributes:
        root: made when something is first written.
    """

    root: Path

    @property
    def versions(self) -> Path:
        """Trained bundles, one folder per version."""
        return self.root / "versions"

    @property
    def labels(self) -> Path:
        """What readers submitted, as they submitted it, one folder per study."""
        return self.root / "labels"

    @property
    def annotations(self) -> Path:
        """Labelled scans at 1 mm and the datalist ``scans.json`` that names them: what is trained on, checked and reviewed."""
        return self.root / "annotations"

    @property
    def trainings(self) -> Path:
        """Logs, curves and weights of every training."""
        return self.root / "trainings"

    @property
    def scores(self) -> Path:
        """How much a label of each study would teach."""
        return self.root / "scores.json"


def state_folder_of(studies: str, chosen: str | None = None) -> StateFolder:
    """Where the state of some studies is kept.

    Args:
        studies: a folder, or the address of a DICOMweb server.
        chosen: a folder that a person named.

    Returns:
        The chosen folder; else a hidden folder in that of the studies; for a server a folder of its own among the user's data (XDG base
        directory specification).
    """
    if chosen:
        return StateFolder(Path(chosen).expanduser().absolute())
    if not is_address(studies):
        return StateFolder(Path(studies).expanduser().absolute() / NAME)
    home = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
    return StateFolder(home / "nodulescope" / "label" / hashlib.sha256(studies.rstrip("/").encode()).hexdigest()[:16])


def is_address(studies: str) -> bool:
    """Whether studies lie on a server."""
    return studies.startswith(("http://", "https://"))
