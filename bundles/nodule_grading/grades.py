"""The network's answers as ratings that a person reads."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import asdict
from typing import Any

from monai.transforms import MapTransform

from nodulescope.bundles.nodule_grading.ratings import to_grade


class AnswersToGraded(MapTransform):
    """Raw answers of one cube, shape (heads, 1, 1, 1), to the fields of a :class:`~nodulescope.bundles.contracts.Grade` as a dict."""

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Replace each key's answers by a dict of ratings; the rest of the item stays."""
        item = dict(data)
        for key in self.key_iterator(item):
            item[key] = asdict(to_grade(item[key].cpu()))
        return item
