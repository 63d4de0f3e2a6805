"""One nodule in ``report.pdf``: its pictures, its numbers, and its prior beside it."""

from __future__ import annotations

import numpy as np
from reportlab.lib.colors import Color
from reportlab.platypus import Flowable, Spacer, Table

from nodulescope.operators.report.messages import Messages
from nodulescope.operators.report.nodule_card import SCALE_BAR_MM, NoduleCard, PlanePicture, Rating
from nodulescope.operators.report.number_text import millimetres
from nodulescope.operators.report.pdf_fonts import markup
from nodulescope.operators.report.pdf_pictures import CTPicture
from nodulescope.operators.report.pdf_style import BAR, NOTABLE, QUIET, TRACK, WIDTH, Pen, bare, ruled, tone_of
from nodulescope.operators.report.pictures import windowed
from nodulescope.operators.report.prior_beside import PriorBeside

_GAP = 5.0
_STRIP = 12
"""Slices in the strip: what a page's width shows at the size of a thumbnail."""

_LARGEST_PICTURE = 104.0
"""Points; so that two nodules fit on a page."""

_COLUMN_GAP = 14.0
_UNDER_THE_PRIOR = 5
"""Measurements that stand below the prior's, the others below the ratings: so both columns are about as long."""

_STEPS = 4
"""Ratings from 1 to 5 are four steps long."""


def nodule_block(card: NoduleCard, t: Messages, pen: Pen) -> list[Flowable]:
    """Everything on one nodule; it is meant to stay on one page."""
    strip, step_mm = _strip(card)
    title = pen(t("stack.strip", step=millimetres(step_mm)), 6.5, QUIET)
    pictures = [_pictures(card, t), Spacer(1, 4), title, strip]
    told = [Spacer(1, 2), pen(card.acceptance, 7.5, NOTABLE)] if card.acceptance else []
    return [_Anchor(card.nodule.id, t), _heading(card, t, pen), *told, Spacer(1, 6), *pictures, Spacer(1, 5), _numbers(card, t, pen)]


class _Anchor(Flowable):
    """A place that links lead to, and an entry in the viewer's table of contents."""

    def __init__(self, nodule_id: int, t: Messages) -> None:
        super().__init__()
        self.key, self.title = f"nodule-{nodule_id}", t("nodule.heading", id=nodule_id)

    def wrap(self, *_available: float) -> tuple[float, float]:
        """It takes no room."""
        return 0.0, 0.0

    def draw(self) -> None:
        """Set the marks."""
        self.canv.bookmarkHorizontal(self.key, 0, 20)
        self.canv.addOutlineEntry(self.title, self.key)


class _Bar(Flowable):
    """A rating as a bar, with gaps at its steps."""

    def __init__(self, rating: Rating, width: float) -> None:
        super().__init__()
        self.rating, self.width, self.height = rating, width, 5.0

    def wrap(self, *_available: float) -> tuple[float, float]:
        """Its size."""
        return self.width, self.height + 2.5

    def draw(self) -> None:
        """Draw it at the origin; nothing where the rating has no scale."""
        if self.rating.fraction is None:
            return
        for color, length in ((TRACK, 1.0), (BAR, self.rating.fraction)):
            self.canv.setFillColor(color)
            self.canv.rect(0, 0, self.width * length, self.height, stroke=0, fill=1)
        if self.rating.steps:
            self.canv.setStrokeColor(Color(1, 1, 1))
            self.canv.setLineWidth(0.6)
            for step in range(1, _STEPS):
                x = self.width * step / _STEPS
                self.canv.line(x, 0, x, self.height)


def _heading(card: NoduleCard, t: Messages, pen: Pen) -> Flowable:
    ink, ground = tone_of(card.nodule.lung_rads or "")
    parts = [f'<font size="12"><b>{markup(t("nodule.heading", id=card.nodule.id))}</b></font>', markup(card.brief)]
    if card.nodule.status in ("new", "growing"):
        parts.append(f'<font color="{NOTABLE.hexval()}"><b>{markup(t(f"status.{card.nodule.status}"))}</b></font>')
    if card.nodule.is_mass:
        parts.append(f'<font color="{NOTABLE.hexval()}"><b>{markup(t("table.mass"))}</b></font>')
    if card.category:
        parts.append(f'<font color="{ink.hexval()}" backcolor="{ground.hexval()}"><b>{markup(card.category)}</b></font>')
    parts.append(f"<b>{markup(card.malignancy)}</b>")
    return pen.rich("\u00a0\u00a0 ".join(parts), 8.5)


def _pictures(card: NoduleCard, t: Messages) -> Flowable:
    """The prior where there is one, then axial in both windows, coronal, sagittal."""
    axial, *others = card.planes
    beside = card.beside
    count = len(card.planes) + 1 + (beside is not None and beside.tiles is not None)
    width = min((WIDTH - (count - 1) * _GAP) / count, _LARGEST_PICTURE)
    gap = (WIDTH - count * width) / (count - 1)
    pictures = []
    if beside is not None and beside.tiles is not None:
        tile = beside.tiles[card.stack.grid.start]
        bar = _scale_bar(tile.shape[1], axial, t)
        pictures.append(CTPicture(windowed(tile, "lung"), width, t("plane.prior"), edges=axial.edges, scale_bar=bar))
    pictures.append(_plane(axial, "lung", axial.title, width, t))
    pictures.append(_plane(axial, "mediastinum", t("plane.axial.mediastinum"), width, t))
    pictures += [_plane(picture, "lung", picture.title, width, t) for picture in others]
    return _side_by_side(pictures, width, gap)


def _plane(picture: PlanePicture, window: str, title: str, width: float, t: Messages) -> CTPicture:
    # The mediastinum is shown bare: lines would hide what calcium or fat looks like.
    lines = (picture.outline, picture.axes) if window == "lung" else ("", ())
    bar = _scale_bar(picture.plane.pixels, picture, t)
    return CTPicture(windowed(picture.levels, window), width, title, *lines, edges=picture.edges, scale_bar=bar)


def _scale_bar(pixels: int, picture: PlanePicture, t: Messages) -> tuple[float, str]:
    return SCALE_BAR_MM * pixels / picture.plane.field_mm, t("plane.scale", mm=SCALE_BAR_MM)


def _strip(card: NoduleCard) -> tuple[Flowable, float]:
    """Slices around the centre at equal distances, and that distance in mm."""
    stack = card.stack
    heights = stack.grid.z_mm
    spacing = heights[1] - heights[0] if len(heights) > 1 else 1.0
    step = max(1, int(np.ceil(card.nodule.measurements.long_axis_mm / (spacing * (_STRIP - 2)))))
    shown = [stack.grid.start + step * (n - _STRIP // 2) for n in range(_STRIP)]
    shown = [index for index in shown if 0 <= index < len(heights)]
    width = (WIDTH - (_STRIP - 1) * _GAP / 2) / _STRIP
    pictures = [CTPicture(windowed(stack.tiles[index], "lung"), width, outline=stack.outlines[index]) for index in shown]
    return _side_by_side(pictures, width, _GAP / 2), step * spacing


def _side_by_side(pictures: list[CTPicture], width: float, gap: float) -> Flowable:
    table = Table([pictures], [width + gap] * (len(pictures) - 1) + [width], hAlign="LEFT")
    table.setStyle(bare())
    return table


def _numbers(card: NoduleCard, t: Messages, pen: Pen) -> Flowable:
    width = (WIDTH - _COLUMN_GAP) / 2
    ratings = [_label(t("nodule.ratings"), pen), _ratings(card, width, pen)]
    measured = _label(t("nodule.measurements"), pen)
    if card.beside is None:
        rows = [[[measured, _pairs(card.sizes + card.measurements, width, pen)], "", ratings]]
    else:
        prior = [_label(t("prior.heading"), pen), *_prior(card.beside, width, t, pen)]
        rows = [
            [
                [*prior, Spacer(1, 3), measured, _pairs(card.measurements[:_UNDER_THE_PRIOR], width, pen)],
                "",
                [*ratings, _pairs(card.measurements[_UNDER_THE_PRIOR:], width, pen)],
            ]
        ]
    table = Table(rows, [width, _COLUMN_GAP, width])
    table.setStyle(bare())
    return table


def _label(text: str, pen: Pen) -> Flowable:
    return pen(text, 8, QUIET, bold=True)


def _pairs(pairs: tuple[tuple[str, str], ...], width: float, pen: Pen) -> Flowable:
    rows = [[pen(label, 7.5, QUIET), pen(value, 7.5, align=2)] for label, value in pairs]
    table = Table(rows, [0.3 * width, 0.7 * width])
    table.setStyle(ruled(head=False, tight=True))
    return table


def _ratings(card: NoduleCard, width: float, pen: Pen) -> Flowable:
    bar = 0.3 * width
    rows = [
        [pen(r.name, 7.5, QUIET), pen(r.low, 6.5, QUIET, align=2), _Bar(r, bar - 5), pen(r.high, 6.5, QUIET), pen(r.text, 7.5, align=2)]
        for r in card.ratings
    ]
    table = Table(rows, [0.22 * width, 0.19 * width, bar, 0.18 * width, 0.11 * width])
    table.setStyle(ruled(head=False, tight=True))
    return table


def _prior(beside: PriorBeside, width: float, t: Messages, pen: Pen) -> list[Flowable]:
    head = [t("prior.quantity"), beside.date or t("prior.then"), t("prior.now"), t("prior.change")]
    rows = [[pen(label, 6.5, QUIET, bold=True) for label in head]]
    rows += [[pen(r.name, 7.5, QUIET), pen(r.then, 7.5), pen(r.now, 7.5), pen(r.change, 7.5, bold=True)] for r in beside.rows]
    table = Table(rows, [0.3 * width, 0.26 * width, 0.26 * width, 0.18 * width])
    table.setStyle(ruled(tight=True))
    return [table, Spacer(1, 3), pen(" ".join(beside.sentences), 7.5, bold=True)]
