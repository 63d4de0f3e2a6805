"""What a client says about a label that it submits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nodulescope.apps.nodule_label.submitted_labels import UNNAMED_READER
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.nodule_grading.ratings import READER_RATINGS


@dataclass(frozen=True)
class Submission:
    """The parameters of a submitted label.

    Attributes:
        reader: name of the client's user.
        names: label value to name.
        kind: what the label shows, where the client says so.
        ratings: label value to ratings by name.
        not_nodules: points in LPS mm that are none.
    """

    reader: str = UNNAMED_READER
    names: Mapping[int, str] = field(default_factory=dict)
    kind: str | None = None
    ratings: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    not_nodules: tuple[tuple[float, float, float], ...] = ()


def read_submission(info: Mapping[str, Any]) -> Submission:
    """Read the parameters.

    Args:
        info: ``label_info`` (a list of ``{"name", "idx"}``; 3D Slicer and OHIF send it), ``client_id`` or ``reader``, ``kind``,
            ``ratings`` (label value to ``{"malignancy": 4, ...}``) and ``not_nodules`` (points).

    Raises:
        InputError: one of them is malformed.
    """
    try:
        names = {
            int(entry.get("idx", entry.get("id", number))): str(entry.get("name", ""))
            for number, entry in enumerate(info.get("label_info") or (), 1)
        }
        ratings = {int(value): _ratings(given) for value, given in dict(info.get("ratings") or {}).items()}
        points = [tuple(float(number) for number in point) for point in info.get("not_nodules") or ()]
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"the parameters of the label cannot be read ({error}); see the docs of the REST calls") from error
    if any(len(point) != 3 for point in points):
        raise InputError("not_nodules: a point is three numbers in LPS mm")
    reader = str(info.get("reader") or info.get("client_id") or UNNAMED_READER)
    kind = info.get("kind")
    return Submission(reader, names, None if kind is None else str(kind), ratings, tuple((x, y, z) for x, y, z in points))


def _ratings(given: Any) -> dict[str, float]:
    known = {name: float(value) for name, value in dict(given).items() if name in READER_RATINGS and value is not None}
    if not known:
        raise ValueError(f"ratings are named {', '.join(READER_RATINGS)}")
    return known
