"""The items of a datalist as they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nodulescope.bundles.data.annotation_check.violation import Violation
from nodulescope.bundles.data.annotation_rules import Rule
from nodulescope.bundles.data.datalist import read_parts


@dataclass(frozen=True)
class ListedItem:
    """One item, and where it stands.

    Attributes:
        folder: of the datalist; files are relative to it.
        part: ``training``, ``validation``, ...
        number: place in the part, from 1.
        values: the item itself.
    """

    folder: Path
    part: str
    number: int
    values: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The image as the datalist names it."""
        image = self.values.get("image")
        return image if isinstance(image, str) else f"item {self.number} of {self.part}"

    @property
    def is_cube(self) -> bool:
        """Whether it is a cube around one place (outline and grading networks) and not a whole scan."""
        return "nodule" in self.values or "ratings" in self.values

    @property
    def patient(self) -> str | None:
        """Who it shows, where the item says so."""
        patient = self.values.get("patient")
        return None if patient in (None, "") else str(patient)

    def path(self, file: str) -> Path:
        """A file that the item names."""
        return self.folder / file

    def breaks(self, rule: Rule, found: str, annotation: str | None = None) -> Violation:
        """Say that the item, or one of its annotations, breaks a rule."""
        return Violation(rule, found, self.name, self.part, annotation)


def list_items(path: Path) -> list[ListedItem]:
    """All items of all parts, in the order of the file.

    Raises:
        InputError: there is no such datalist, or it is none.
    """
    return [
        ListedItem(path.parent, part, number, values) for part, items in read_parts(path).items() for number, values in enumerate(items, 1)
    ]
