"""What the first screen says: the category, what to do next, how many nodules, what changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodulescope.operators.examination import Examination, Nodule, Status
from nodulescope.operators.report.guideline_text import GuidelineSteps, category_meaning, next_steps, reason_text, row_of
from nodulescope.operators.report.messages import Messages

if TYPE_CHECKING:
    from nodulescope.operators.priors import PriorComparison

ALARMING = (Status.NEW, Status.GROWING)
"""Changes that a reader looks for first."""

_ORDER = (Status.NEW, Status.GROWING, Status.STABLE, Status.SHRINKING, Status.BASELINE)


@dataclass(frozen=True)
class Category:
    """The Lung-RADS category of the examination.

    Attributes:
        code: ``4B``, or empty when it was not assessed.
        meaning: in words.
        because: the nodules it comes from with the row of the table, or the reason why there is none.
    """

    code: str
    meaning: str
    because: tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """What became of the nodules.

    Attributes:
        headline: counts, or that there was nothing to compare with.
        when: which prior, how long ago, or why there was no comparison.
        alarming: something is new or grew.
    """

    headline: str
    when: str
    alarming: bool


@dataclass(frozen=True)
class FirstScreen:
    """All of it, ready for a page."""

    category: Category
    steps: tuple[GuidelineSteps, ...]
    changes: Changes
    warnings: tuple[str, ...]


def first_screen(exam: Examination, t: Messages) -> FirstScreen:
    """Word the first screen.

    Args:
        exam: what was found.
        t: the language.
    """
    comparison = exam.comparison
    warnings = exam.ct.source.warnings + (comparison.warnings if comparison else ())
    return FirstScreen(_category(exam, t), next_steps(exam.assessment.recommendations, t), changes(exam.nodules, comparison, t), warnings)


def _category(exam: Examination, t: Messages) -> Category:
    code = exam.assessment.lung_rads
    if code is None:
        reasons = tuple(reason_text(item, t) for item in exam.assessment.not_assessed if item.what == "lung_rads")
        return Category("", t("category.open"), reasons or (t("category.open.reason"),))
    rows: dict[str, list[int]] = {}
    for nodule in exam.nodules:
        if nodule.lung_rads == code and (row := row_of(nodule.id, exam.assessment, t)):
            rows.setdefault(row, []).append(nodule.id)
    because = tuple(_capital(t("category.because", nodules=t.nodules(ids), row=row)) for row, ids in rows.items())
    return Category(code, category_meaning(code, t), because)


def changes(nodules: tuple[Nodule, ...], comparison: PriorComparison | None, t: Messages) -> Changes:
    """Count what became of the nodules since the prior.

    Args:
        nodules: with their status.
        comparison: None where no prior was compared; nodules that carry a prior are counted all the same.
        t: the language.
    """
    if comparison is not None and comparison.declined:
        return Changes(t("summary.prior.declined"), comparison.declined, alarming=False)
    if comparison is None and all(n.status is Status.BASELINE and n.prior is None for n in nodules):
        return Changes(t("summary.prior.none"), t("summary.prior.none.caption"), alarming=False)
    counts = Counter(nodule.status for nodule in nodules)
    parts = [t(f"change.{status}", count=counts[status]) for status in _ORDER if counts[status]]
    if comparison is not None and comparison.resolved:
        parts.append(t("change.resolved", count=len(comparison.resolved)))
    headline = t.texts["list.comma"].join(parts) or t("summary.prior.unchanged")
    return Changes(headline, _when(nodules, comparison, t), alarming=any(counts[status] for status in ALARMING))


def _when(nodules: tuple[Nodule, ...], comparison: PriorComparison | None, t: Messages) -> str:
    if comparison is not None:
        date = comparison.prior.study_date.isoformat() if comparison.prior.study_date else None
        days = comparison.interval_days
    else:
        prior = next((n.prior for n in nodules if n.prior is not None), {})
        date, days = prior.get("study_date"), prior.get("interval_days")
    if date is None:
        return t("summary.prior.undated")
    return t("summary.prior.date_only", date=date) if days is None else t("summary.prior.date", date=date, days=days)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
