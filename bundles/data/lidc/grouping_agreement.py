"""Our groups of marks beside those of the collection's list of nodule sizes.

The list (A. P. Reeves and A. M. Biancardi, The Lung Image Database Consortium (LIDC) Nodule Size Report, ``list3.2.csv``) names, for each
nodule that a reader outlined, the readers' own names of it. Spreadsheets have taken the leading zeros off names that are numbers.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nodulescope.bundles.data.lidc.nodules import MarkedNodule
from nodulescope.bundles.errors import InputError

PATIENT_COLUMN, SCAN_COLUMN, FIRST_NAME_COLUMN = "case", "scan", "nodIDs"

Group = frozenset[str]


@dataclass(frozen=True)
class GroupingAgreement:
    """How two groupings compare.

    Attributes:
        compared: published groups whose marks the XML files hold.
        identical: those that we group likewise.
        different: patient, published group and our groups of the same marks, for each of the others.
        missing: published groups that name a mark which no XML file holds.
    """

    compared: int
    identical: int
    different: tuple[tuple[str, Group, tuple[Group, ...]], ...]
    missing: int

    @property
    def share(self) -> float:
        """Identical groups among those compared."""
        return self.identical / max(self.compared, 1)


def compare_grouping(
    published: Mapping[tuple[str, str], Sequence[Group]],
    nodules: Mapping[str, Sequence[MarkedNodule]],
    patients: Mapping[str, str],
) -> GroupingAgreement:
    """Compare our groups with the published ones.

    The list numbers scans in its own way, so of a patient's two scans the one whose XML file holds more of a scan's names is taken.

    Args:
        published: groups by patient and scan number (see :func:`read_published_groups`).
        nodules: our nodules by series.
        patients: patient by series.
    """
    ours = {series: [frozenset(plain_name(mark.id) for mark in nodule.marks) for nodule in found] for series, found in nodules.items()}
    compared, missing = 0, 0
    different: list[tuple[str, Group, tuple[Group, ...]]] = []
    for (patient, _), groups in published.items():
        wanted = frozenset().union(*groups)
        candidates = [found for series, found in ours.items() if patients.get(series) == patient]
        mine = max(candidates, key=lambda found: len(wanted & frozenset().union(*found)), default=[])
        held = frozenset().union(*mine)
        there = [group for group in groups if group <= held]
        missing += len(groups) - len(there)
        compared += len(there)
        different += [(patient, group, tuple(own for own in mine if own & group)) for group in there if group not in mine]
    return GroupingAgreement(compared, compared - len(different), tuple(different), missing)


def read_published_groups(path: Path) -> dict[tuple[str, str], list[Group]]:
    """Read ``list3.2.csv``: groups of names by patient (``LIDC-IDRI-0001``) and scan number.

    Raises:
        InputError: no such file, or not of this form.
    """
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a text table") from error
    head = rows[0] if rows else []
    if not {PATIENT_COLUMN, SCAN_COLUMN, FIRST_NAME_COLUMN} <= set(head):
        raise InputError(
            f"{path}: has no columns {PATIENT_COLUMN}, {SCAN_COLUMN} and {FIRST_NAME_COLUMN}; give LIDC's list of nodule sizes"
        )
    patient, scan, first = (head.index(name) for name in (PATIENT_COLUMN, SCAN_COLUMN, FIRST_NAME_COLUMN))
    groups: dict[tuple[str, str], list[Group]] = {}
    for number, row in enumerate(rows[1:], 2):
        if len(row) < len(head) or not row[patient].isdigit():
            raise InputError(f"{path}, line {number}: has no patient's number or too few columns")
        names = frozenset(plain_name(name) for name in row[first:] if name.strip())
        groups.setdefault((f"LIDC-IDRI-{int(row[patient]):04d}", row[scan]), []).append(names)
    return groups


def plain_name(name: str) -> str:
    """A mark's name as the list has it: a number without leading zeros, anything else as it is."""
    name = name.strip()
    return str(int(name)) if name.isdigit() else name
