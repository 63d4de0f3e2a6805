"""Which patients are trained on, and which are kept to measure on."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from pathlib import Path

from nodulescope.bundles.data.datalist import TRAINING, VALIDATION
from nodulescope.bundles.data.scan_cache import write_json

VALIDATION_SHARE = 5
"""One patient in five validates."""


def split_patients(patients: Iterable[str], record: Path) -> dict[str, str]:
    """The part of every patient.

    A patient stays where it was put once: weights that were trained on it would otherwise be measured on it later. New ones are taken in an
    order that depends on their names alone. The first trains, the second validates, and then one in five does.

    Args:
        patients: those with labels.
        record: file that remembers the parts; written.

    Returns:
        Patient to :data:`TRAINING` or :data:`VALIDATION`, for every patient that ever had a label.
    """
    parts: dict[str, str] = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    for patient in sorted(set(patients) - set(parts), key=lambda name: (zlib.crc32(name.encode()), name)):
        validating = sum(part == VALIDATION for part in parts.values())
        wanted = max(1, (len(parts) + 1) // VALIDATION_SHARE) if parts else 0
        parts[patient] = VALIDATION if validating < wanted else TRAINING
    record.parent.mkdir(parents=True, exist_ok=True)
    write_json(parts, record)
    return parts
