"""CTs that were read a moment ago: a reader clicks many times on one scan."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from nodulescope.apps.nodule_label.dicom_series import read_one_series
from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.research_formats import read_research_ct

KEPT = 2
"""A CT in memory takes some 150 MB."""


class RecentImages:
    """Reads CTs and keeps the last ones, until their files change."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], CTVolume] = OrderedDict()

    def read(self, path: Path) -> CTVolume:
        """A CT in Hounsfield units.

        Args:
            path: NIfTI, MetaImage or NRRD, or the folder of one DICOM series.

        Raises:
            InputError: there is no such file, or it is no chest CT.
        """
        if not path.exists():
            raise InputError(f"{path.name}: there is no such image any more; reload the list of studies")
        key = str(path), path.stat().st_mtime_ns
        if key not in self._kept:
            self._kept[key] = read_one_series(path) if path.is_dir() else read_research_ct(path)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]
