"""CT pictures on paper: windowed, with outline, axes, letters of the sides and a scale bar."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable

from nodulescope.operators.report.overview import Projection
from nodulescope.operators.report.pdf_fonts import BOLD, REGULAR, printable
from nodulescope.operators.report.pictures import jpeg

OUTLINE = HexColor("#ffd54a")
AXIS = HexColor("#7fd6ff")
LUNGS = HexColor("#8cc4f0")
LETTER = HexColor("#e8ecef")
DARK = HexColor("#14181d")
QUIET = HexColor("#59636e")

_TITLE_SIZE = 6.5
_TITLE_HEIGHT = 9.0
_LETTER_SIZE = 6.0
_LINE_WIDTH = 0.6
_MARGIN = 0.04
"""Of the picture's width: where letters and the scale bar keep off the rim."""

_FILLED: Final = 0
_STROKED: Final = 1
"""Text rendering modes of PDF (ISO 32000-1, table 106)."""

Line = tuple[float, float, float, float]


def polygons(path: str) -> list[NDArray[np.float64]]:
    """The closed polygons of SVG path data made by :func:`~nodulescope.operators.report.svg_paths.svg_path`, each (n, 2)."""
    parts = [part for part in path.replace("Z", "").split("M") if part]
    return [np.array([[float(number) for number in point.split(",")] for point in part.split("L")]) for part in parts]


class _OnPaper(Flowable):
    """A grey picture with a title above it and lines on it, which are given in the picture's pixels, y downwards."""

    def __init__(self, grey: NDArray[np.uint8], width: float, title: str) -> None:
        super().__init__()
        self.grey, self.title = grey, printable(title)
        rows, columns = grey.shape
        self.scale = width / columns
        self.title_height = _TITLE_HEIGHT if title else 0.0
        self.width, self.height = width, rows * self.scale + self.title_height

    def wrap(self, *_available: float) -> tuple[float, float]:
        """Its size, whatever there is room for."""
        return self.width, self.height

    def at(self, x: float, y: float) -> tuple[float, float]:
        """A pixel position on paper."""
        return x * self.scale, self.height - self.title_height - y * self.scale

    def draw_picture(self) -> None:
        """Title and picture."""
        if self.title:
            self.canv.setFont(REGULAR, _TITLE_SIZE)
            self.canv.setFillColor(QUIET)
            self.canv.drawString(0, self.height - _TITLE_SIZE, self.title)
        picture = ImageReader(io.BytesIO(jpeg(self.grey)))
        self.canv.drawImage(picture, 0, 0, self.width, self.height - self.title_height)

    def draw_polygons(self, path: str, color: Color, width: float) -> None:
        """Closed lines."""
        self.canv.setStrokeColor(color)
        self.canv.setLineWidth(width)
        self.canv.setLineJoin(1)
        for polygon in polygons(path):
            drawn = self.canv.beginPath()
            drawn.moveTo(*self.at(*polygon[0]))
            for point in polygon[1:]:
                drawn.lineTo(*self.at(*point))
            drawn.close()
            self.canv.drawPath(drawn)

    def draw_letters(self, edges: tuple[str, str, str]) -> None:
        """What lies to the left, to the right and above."""
        rows, columns = self.grey.shape
        places = ((_MARGIN * columns, rows / 2), (columns * (1 - _MARGIN), rows / 2), (columns / 2, _MARGIN * columns))
        for letter, place in zip(edges, places, strict=True):
            self.draw_text(letter, *self.at(*place), _LETTER_SIZE)

    def draw_text(self, text: str, x: float, y: float, size: float) -> None:
        """Light letters on a dark rim, centred on a point of the paper."""
        self.canv.setFont(BOLD, size)
        self.canv.setLineWidth(1.2)
        self.canv.setStrokeColor(DARK)
        self.canv.setFillColor(LETTER)
        self.canv.drawCentredString(x, y - 0.36 * size, text, mode=_STROKED)
        self.canv.drawCentredString(x, y - 0.36 * size, text, mode=_FILLED)


class CTPicture(_OnPaper):
    """One CT picture of a nodule.

    Args:
        grey: windowed, shape (rows, columns).
        width: on paper, in points.
        title: above it; empty for none.
        outline: SVG path data in the picture's pixels.
        axes: lines in the picture's pixels.
        edges: letters to the left, to the right and above; empty for none.
        scale_bar: its length in the picture's pixels and its label, or None.
    """

    def __init__(
        self,
        grey: NDArray[np.uint8],
        width: float,
        title: str = "",
        outline: str = "",
        axes: Sequence[Line] = (),
        edges: tuple[str, str, str] | None = None,
        scale_bar: tuple[float, str] | None = None,
    ) -> None:
        super().__init__(grey, width, title)
        self.outline, self.axes, self.edges, self.scale_bar = outline, axes, edges, scale_bar

    def draw(self) -> None:
        """Draw it at the origin."""
        self.draw_picture()
        self.draw_polygons(self.outline, OUTLINE, _LINE_WIDTH)
        self.canv.setStrokeColor(AXIS)
        self.canv.setLineWidth(_LINE_WIDTH)
        for x1, y1, x2, y2 in self.axes:
            self.canv.line(*self.at(x1, y1), *self.at(x2, y2))
        if self.edges:
            self.draw_letters(self.edges)
        if self.scale_bar:
            self._draw_scale_bar(*self.scale_bar)

    def _draw_scale_bar(self, length: float, label: str) -> None:
        rows, columns = self.grey.shape
        right, y = self.at(columns * (1 - _MARGIN), rows * (1 - _MARGIN))
        left = right - length * self.scale
        for color, width in ((DARK, 1.8), (LETTER, 0.9)):
            self.canv.setStrokeColor(color)
            self.canv.setLineWidth(width)
            self.canv.line(left, y, right, y)
        self.draw_text(label, (left + right) / 2, y + 5.0, 5.5)


class ProjectionPicture(_OnPaper):
    """A projection of the lungs whose numbers lead to the nodules."""

    def __init__(self, view: Projection, width: float, title: str, edges: tuple[str, str, str]) -> None:
        super().__init__(view.grey, width, title)
        self.view, self.edges = view, edges

    def draw(self) -> None:
        """Draw it at the origin."""
        self.draw_picture()
        self.draw_polygons(self.view.lungs_path, LUNGS, 0.5)
        self.draw_letters(self.edges)
        for marker in self.view.markers:
            spot, label = self.at(marker.x, marker.y), self.at(marker.label_x, marker.label_y)
            self.canv.setStrokeColor(OUTLINE)
            self.canv.setFillColor(OUTLINE)
            self.canv.setLineWidth(0.4)
            self.canv.line(*spot, *label)
            self.canv.circle(*spot, 0.9, stroke=0, fill=1)
            self.canv.setFillColor(DARK)
            self.canv.circle(*label, 3.4, stroke=1, fill=1)
            self.draw_text(str(marker.nodule_id), *label, 4.6)
            x, y = label
            self.canv.linkRect("", f"nodule-{marker.nodule_id}", (x - 3.4, y - 3.4, x + 3.4, y + 3.4), relative=1)
