"""Versions of the bundles: the shipped one, and every one that was trained here.

A version is a whole bundle in a folder of its own, so it can be served, compared, gone back to, and given to ``nodulescope analyze --bundle
STAGE=FOLDER`` as it is. The shipped bundle is version 0 and is never written to.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nodulescope.apps.nodule_label.comparison import Comparison
from nodulescope.bundles.data.scan_cache import write_json
from nodulescope.bundles.errors import UsageError
from nodulescope.bundles.predictors import find_bundle
from nodulescope.bundles.training.metadata import WEIGHTS, record_weights

SHIPPED = 0
"""Number of the bundle that came with the installation, or that a person named for the stage."""

_NOT_COPIED = shutil.ignore_patterns("__pycache__", "*.py", "eval", "models", "*.png")


@dataclass(frozen=True)
class Version:
    """One version of a bundle.

    Attributes:
        bundle: the stage that it serves.
        number: 0 for the shipped one, then 1, 2, 3 ...
        folder: a complete MONAI bundle.
        comparison: how it did beside the version that was served when it was trained; None for the shipped one.
    """

    bundle: str
    number: int
    folder: Path
    comparison: Comparison | None = None

    def to_json(self) -> dict[str, Any]:
        """The version as plain JSON values."""
        return {
            "number": self.number,
            "folder": str(self.folder),
            "comparison": None if self.comparison is None else asdict(self.comparison),
        }


class Versions:
    """All versions of all bundles.

    Args:
        root: where trained versions are kept.
        replaced: stage to folder, for stages whose version 0 is not the shipped bundle.
    """

    def __init__(self, root: Path, replaced: Mapping[str, Path] | None = None) -> None:
        self.root = root
        self.replaced = dict(replaced or {})

    def all(self, bundle: str) -> tuple[Version, ...]:
        """Every version, the shipped one first."""
        numbers = sorted(int(folder.name) for folder in (self.root / bundle).glob("[0-9]*") if (folder / "version.json").is_file())
        return tuple(self.version(bundle, number) for number in (SHIPPED, *numbers))

    def version(self, bundle: str, number: int) -> Version:
        """One version.

        Raises:
            UsageError: there is no such stage or version.
        """
        shipped = find_bundle(bundle, self.replaced.get(bundle))  # refuses a stage that does not exist
        if number == SHIPPED:
            return Version(bundle, SHIPPED, shipped)
        folder = self.root / bundle / f"{number:04d}"
        record = folder / "version.json"
        if not record.is_file():
            raise UsageError(f"{bundle}: there is no version {number}; `nodulescope label versions` lists them")
        return Version(bundle, number, folder, Comparison(**json.loads(record.read_text(encoding="utf-8"))))

    def served(self, bundle: str) -> Version:
        """The version that answers now."""
        return self.version(bundle, self._history(bundle)[-1])

    def add(self, bundle: str, weights: Path, comparison: Comparison) -> Version:
        """Keep new weights as a version; it is not served yet.

        Args:
            bundle: the stage.
            weights: state dict of the bundle's network.
            comparison: how it did.
        """
        number = self.all(bundle)[-1].number + 1
        folder = self.root / bundle / f"{number:04d}"
        source = self.served(bundle).folder
        beside = folder.with_name(f".{folder.name}.part")
        shutil.rmtree(beside, ignore_errors=True)
        shutil.copytree(source, beside, ignore=_NOT_COPIED)
        (beside / WEIGHTS).parent.mkdir()
        shutil.copyfile(weights, beside / WEIGHTS)
        first = json.loads((self.version(bundle, SHIPPED).folder / "configs" / "metadata.json").read_text(encoding="utf-8"))["version"]
        record_weights(beside, f"{first}+label.{number}", comparison.sentence())
        write_json(asdict(comparison), beside / "version.json")
        beside.replace(folder)
        return self.version(bundle, number)

    def serve(self, bundle: str, number: int) -> Version:
        """Let a version answer from now on, in a server that runs too."""
        chosen = self.version(bundle, number)
        history = self._history(bundle)
        if history[-1] != number:
            self._write_history(bundle, [*history, number])
        return chosen

    def roll_back(self, bundle: str) -> Version:
        """Serve what was served before.

        Raises:
            UsageError: nothing was.
        """
        history = self._history(bundle)
        if len(history) == 1:
            raise UsageError(f"{bundle}: version {history[0]} is served and none was before it; there is nothing to go back to")
        self._write_history(bundle, history[:-1])
        return self.served(bundle)

    def _history(self, bundle: str) -> list[int]:
        find_bundle(bundle, self.replaced.get(bundle))  # refuses a stage that does not exist
        file = self.root / bundle / "served.json"
        return list(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else [SHIPPED]

    def _write_history(self, bundle: str, history: list[int]) -> None:
        folder = self.root / bundle
        folder.mkdir(parents=True, exist_ok=True)
        write_json(history, folder / "served.json")
