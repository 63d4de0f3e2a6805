"""What a report says, whatever it is written on: a page or paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodulescope.operators.examination import Examination, Nodule, Status
from nodulescope.operators.guidelines.lung_rads import Category
from nodulescope.operators.report import number_text
from nodulescope.operators.report.first_screen import FirstScreen, first_screen
from nodulescope.operators.report.guideline_text import MODIFIER, reason_text
from nodulescope.operators.report.input_summary import input_rows, series_description, study_date
from nodulescope.operators.report.messages import Messages, messages_in
from nodulescope.operators.report.nodule_card import NoduleCard, nodule_card
from nodulescope.operators.report.overview import Projection, lung_projections
from nodulescope.operators.report.pictures import WINDOWS_HU

if TYPE_CHECKING:
    from nodulescope.operators.priors import PriorComparison

HASH_DIGITS = 12
"""Shown digits of a weights file's SHA-256; the full hash is in ``findings.json``."""

LIMITS = ("limits.miss", "limits.rating", "limits.size", "limits.volume")
"""What readers must know of the models, the most important first."""

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ReportContent:
    """A report in words, numbers and pictures.

    Attributes:
        words: the language.
        subtitle: date and series, as far as known.
        first: the first screen.
        count: how many nodules, in words.
        suspicious: how many of them are probably suspicious; empty without nodules.
        masses: how many of them are masses; empty where none is.
        lung_volumes: total, and both sides.
        coverage: whether the scan holds both lungs.
        table_head: labels of the nodules' table.
        table: one row per nodule, the most suspicious first, as :attr:`table_head` names them.
        cards: one per nodule, in the same order.
        resolved_head: labels of the table of resolved nodules.
        resolved: one row per nodule of the prior that is gone.
        projections: coronal, sagittal.
        not_assessed: what, and why.
        limits: sentences.
        inputs: label and value.
        models: stage, bundle, version, hash.
        timings: label and value; for the page only.
        windows: sentence on orientation and windows of the pictures.
    """

    words: Messages
    subtitle: tuple[str, ...]
    first: FirstScreen
    count: str
    suspicious: str
    masses: str
    lung_volumes: tuple[str, str]
    coverage: str
    table_head: tuple[str, ...]
    table: Rows
    cards: tuple[NoduleCard, ...]
    resolved_head: tuple[str, ...]
    resolved: Rows
    projections: tuple[Projection, ...]
    not_assessed: Rows
    limits: tuple[str, ...]
    inputs: Rows
    models: Rows
    timings: Rows
    windows: str


def report_content(exam: Examination, language: str) -> ReportContent:
    """Put a report together; arguments as in :func:`~nodulescope.operators.report.write_html_report`.

    Raises:
        UsageError: the report does not speak the language.
    """
    t = messages_in(language)
    masses = sum(nodule.is_mass for nodule in exam.nodules)
    above = sum(nodule.grade.malignancy_probability > 0.5 for nodule in exam.nodules)
    ordered = by_suspicion(exam.nodules)
    head, table = nodule_table(ordered, t)
    lungs = exam.lungs
    ml = number_text.millilitres
    return ReportContent(
        words=t,
        subtitle=tuple(part for part in (study_date(exam.ct), series_description(exam.ct)) if part),
        first=first_screen(exam, t),
        count=_counted("summary.count", len(exam.nodules), t),
        suspicious=t("summary.above_three", count=above, total=len(exam.nodules)) if exam.nodules else "",
        masses=_counted("summary.masses", masses, t) if masses else "",
        lung_volumes=(
            t("summary.total", total=ml(lungs.total_ml)),
            t("summary.volumes", right=ml(lungs.right_ml), left=ml(lungs.left_ml)),
        ),
        coverage=t("summary.covered" if lungs.fully_covered else "summary.not_covered"),
        table_head=head,
        table=table,
        cards=tuple(nodule_card(exam, nodule, t) for nodule in ordered),
        resolved_head=tuple(t(key) for key in ("resolved.id", "table.side", "table.type", "table.mean", "table.volume")),
        resolved=_resolved(exam.comparison, t),
        projections=lung_projections(exam.ct, exam.lung_mask, exam.nodules),
        not_assessed=tuple((t.name_of("not_assessed", item.what), reason_text(item, t)) for item in exam.assessment.not_assessed),
        limits=tuple(t(key) for key in LIMITS),
        inputs=input_rows(exam.ct, t),
        models=tuple(
            (t.name_of("stage", m.stage), m.bundle, m.version, m.sha256[:HASH_DIGITS] or t("models.no_hash")) for m in exam.models
        ),
        timings=_timings(exam.timings_s, exam.peak_memory_mb, t),
        windows=t("picture.convention", **{name: _window(limits, t) for name, limits in WINDOWS_HU.items()}),
    )


def by_suspicion(nodules: tuple[Nodule, ...]) -> tuple[Nodule, ...]:
    """Nodules by Lung-RADS category, the highest first, those of one category by their number (which the models' suspicion gave).

    A nodule that could not be classed goes first: it may be the most suspicious one.
    """
    unclassed = len(Category)

    def rank(nodule: Nodule) -> int:
        return unclassed if nodule.lung_rads is None else Category(nodule.lung_rads.removesuffix(MODIFIER)).rank

    return tuple(sorted(nodules, key=lambda nodule: (-rank(nodule), nodule.id)))


def nodule_table(nodules: tuple[Nodule, ...], t: Messages) -> tuple[tuple[str, ...], Rows]:
    """Labels and rows of the table of nodules; columns for category and prior only where there are such values.

    Args:
        nodules: in the order of the rows.
        t: the language.

    Returns:
        Labels; then one row per nodule.
    """
    categorised = any(nodule.lung_rads is not None for nodule in nodules)
    followed_up = any(nodule.status is not Status.BASELINE or nodule.prior is not None for nodule in nodules)
    keys = ["id", "side", "type", "mean", "axes", "volume"]
    keys += ["lung_rads"] * categorised + ["status"] * followed_up + ["malignancy", "malignancy_probability", "probability"]
    cells = [_cells(nodule, t) for nodule in nodules]
    return tuple(t(f"table.{key}") for key in keys), tuple(tuple(row[key] for key in keys) for row in cells)


def _cells(nodule: Nodule, t: Messages) -> Mapping[str, str]:
    sizes, grade = nodule.measurements, nodule.grade
    mm = number_text.millimetres
    kind = t(f"type.{nodule.type}")
    change = (nodule.prior or {}).get("volume_change_percent")
    status = t(f"status.{nodule.status}")
    percent = "" if change is None else t("unit.percent", value=number_text.signed(change, 0))
    return {
        "id": str(nodule.id),
        "side": t(f"side.{nodule.side}"),
        "type": t("table.type_of_mass", type=kind) if nodule.is_mass else kind,
        "mean": t("unit.mm", value=mm(sizes.mean_diameter_mm)),
        "axes": t("unit.mm_pair", long=mm(sizes.long_axis_mm), short=mm(sizes.short_axis_mm)),
        "volume": t("unit.mm3", value=number_text.cubic_millimetres(sizes.volume_mm3)),
        "lung_rads": nodule.lung_rads or "–",
        "status": t("table.change", status=status, change=percent) if percent else status,
        "malignancy": number_text.fixed(grade.malignancy, 1),
        "malignancy_probability": number_text.percent(grade.malignancy_probability),
        "probability": number_text.percent(grade.probability),
    }


def _resolved(comparison: PriorComparison | None, t: Messages) -> Rows:
    gone = () if comparison is None else tuple(item.prior for item in comparison.resolved)
    return tuple(
        (
            str(nodule.id),
            t(f"side.{nodule.side}"),
            t(f"type.{nodule.type}"),
            t("unit.mm", value=number_text.millimetres(nodule.mean_diameter_mm)),
            t("unit.mm3", value=number_text.cubic_millimetres(nodule.volume_mm3)),
        )
        for nodule in gone
    )


def _timings(seconds: Mapping[str, float], peak_memory_mb: float | None, t: Messages) -> Rows:
    rows = [(t.name_of("timing", stage), t("unit.seconds", value=number_text.fixed(took, 1))) for stage, took in seconds.items()]
    rows.append((t("timings.total"), t("unit.seconds", value=number_text.fixed(sum(seconds.values()), 1))))
    if peak_memory_mb is not None:
        rows.append((t("timings.memory"), t("unit.megabytes", value=number_text.fixed(peak_memory_mb, 0))))
    return tuple(rows)


def _counted(key: str, count: int, t: Messages) -> str:
    return t(f"{key}.{('none', 'one')[count] if count < 2 else 'many'}", count=count)


def _window(limits_hu: tuple[float, float], t: Messages) -> str:
    low, high = limits_hu
    return t("picture.window", width=number_text.fixed(high - low, 0), level=number_text.fixed((low + high) / 2, 0))
