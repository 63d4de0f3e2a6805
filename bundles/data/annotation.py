"""One annotated nodule of a scan, from whatever source, as a datalist keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class NoduleAnnotation:
    """What one or several readers marked at one place.

    Attributes:
        id: unique within its scan.
        center_lps_mm: centre of the box around the consensus, DICOM patient coordinates.
        size_mm: edges of that box along the patient's x, y and z.
        diameter_mm: of the ball with the consensus volume; a plain diameter where the source gives no outline.
        readers: how many readers marked it as a nodule of 3 mm or more; None where the source does not say.
        ratings: one row per reader in the order of :data:`~nodulescope.bundles.nodule_grading.ratings.READER_RATINGS`; None where a reader
            gave none. Empty where the source has no ratings.
        outline: file of the consensus as a label map on the image's grid, relative to the datalist; None where there is none.
    """

    id: str
    center_lps_mm: Triple
    size_mm: Triple
    diameter_mm: float
    readers: int | None = None
    ratings: tuple[tuple[float | None, ...], ...] = ()
    outline: str | None = None

    @property
    def box(self) -> list[float]:
        """Centre and edges in LPS mm, as a datalist's ``box`` has them."""
        return [*self.center_lps_mm, *self.size_mm]

    def to_json(self) -> dict[str, Any]:
        """The annotation as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> NoduleAnnotation:
        """Read what :meth:`to_json` wrote."""
        x, y, z = (float(v) for v in values["center_lps_mm"])
        w, d, h = (float(v) for v in values["size_mm"])
        return cls(
            id=str(values["id"]),
            center_lps_mm=(x, y, z),
            size_mm=(w, d, h),
            diameter_mm=float(values["diameter_mm"]),
            readers=values.get("readers"),
            ratings=tuple(tuple(reader) for reader in values.get("ratings") or ()),
            outline=values.get("outline"),
        )
