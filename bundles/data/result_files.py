"""Results of an inference run as files, named after the items of its datalist."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.transforms import MapTransform, SaveImaged


class SaveResultd(SaveImaged):
    """Write an image as ``<item's name>_<output_postfix><output_ext>``; otherwise MONAI's ``SaveImaged``, whose arguments it takes.

    ``SaveImaged`` names results after the image file alone, so that of two places in one scan, or of two patients' ``ct.nii.gz``, only the
    last would be kept.
    """

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Write the image of each key (``MetaTensor``, (1, ni, nj, nk)); the item leaves as it came."""
        for key in self.key_iterator(dict(data)):
            # The ending is for MONAI to take off again: it would take off the last part of a name with dots in it, such as a UID.
            self.saver(img=data[key].as_tensor(), meta_data={**data[key].meta, "filename_or_obj": f"{data['name']}.nii.gz"})
        return dict(data)


class SaveJsond(MapTransform):
    """Write values of an item as one JSON object, ``<item's name>_<postfix>.json``, whole or not at all.

    Args:
        keys: which values: numbers, strings, tensors, or lists and dicts of them.
        names: names in the file for keys that have another one there.
        output_dir: folder; made if missing.
        postfix: what the file holds.
        notes: constant entries, such as the units.
    """

    def __init__(
        self,
        keys: Sequence[Hashable],
        output_dir: str | Path,
        postfix: str,
        *,
        names: Mapping[Hashable, str] | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(keys)
        self.names = dict(names or {})
        self.output_dir = Path(output_dir)
        self.postfix = postfix
        self.notes = dict(notes or {})

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Write the file; the item leaves as it came."""
        content = {self.names.get(key, str(key)): _plain(data[key]) for key in self.key_iterator(dict(data))} | self.notes
        self.output_dir.mkdir(parents=True, exist_ok=True)
        file = self.output_dir / f"{data['name']}_{self.postfix}.json"
        beside = file.with_suffix(".json.part")
        beside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        beside.replace(file)
        return dict(data)


def _plain(value: Any) -> Any:
    if isinstance(value, (torch.Tensor, np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value
