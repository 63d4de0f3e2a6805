"""One broken rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nodulescope.bundles.data.annotation_rules import Rule

Broken = tuple[Rule, str]
"""A rule, and what was found, in numbers."""


@dataclass(frozen=True)
class Violation:
    """A rule that an item of a datalist breaks.

    Attributes:
        rule: which.
        found: what was found, in numbers.
        file: the item's image as the datalist names it.
        part: the part of the datalist.
        annotation: its id; None where the item as a whole breaks the rule.
    """

    rule: Rule
    found: str
    file: str
    part: str
    annotation: str | None = None

    def line(self) -> str:
        """The violation in one line: file, annotation, rule, what was found, what to do."""
        place = "" if self.annotation is None else f" {self.annotation}:"
        return " ".join(f"{self.file}:{place} {self.rule}: {self.found}; {self.rule.remedy}".split())

    def to_json(self) -> dict[str, Any]:
        """The violation as plain JSON values."""
        return {
            "file": self.file,
            "part": self.part,
            "annotation": self.annotation,
            "rule": self.rule.value,
            "severity": self.rule.severity.value,
            "found": self.found,
            "remedy": self.rule.remedy,
        }
