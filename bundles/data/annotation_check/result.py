"""What a check of a datalist comes to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from nodulescope.bundles.data.annotation_check.violation import Violation
from nodulescope.bundles.data.annotation_rules import Rule, Severity

_ORDER = list(Severity)


@dataclass(frozen=True)
class CheckResult:
    """All violations of a datalist.

    Attributes:
        datalist: the file.
        items: how many it lists.
        annotations: how many annotated places they have.
        least_readers: the agreement that was asked for.
        violations: in the order of the datalist.
    """

    datalist: str
    items: int
    annotations: int
    least_readers: int | None
    violations: tuple[Violation, ...]

    @property
    def counts(self) -> dict[Rule, int]:
        """Violations of each rule that is broken, in the order of the rule book."""
        counted = Counter(violation.rule for violation in self.violations)
        return {rule: counted[rule] for rule in Rule if counted[rule]}

    def of(self, severity: Severity) -> int:
        """How many violations are of this severity."""
        return sum(violation.rule.severity is severity for violation in self.violations)

    def worst_first(self) -> list[Violation]:
        """Errors, then warnings, then notes; each in the order of the datalist."""
        return sorted(self.violations, key=lambda violation: _ORDER.index(violation.rule.severity))

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON values."""
        return {
            "datalist": self.datalist,
            "items": self.items,
            "annotations": self.annotations,
            "least_readers": self.least_readers,
            **{f"{severity}s": self.of(severity) for severity in Severity},
            "counts": {rule.value: count for rule, count in self.counts.items()},
            "violations": [violation.to_json() for violation in self.worst_first()],
        }
