from __future__ import annotations

from nodulescope.bundles.data.luna16.findings import excluded_annotations, nodule_annotations
from nodulescope.bundles.data.luna16.tables import TableRow
from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS, NODULE_CLASS


def test_nodules_are_cubes_of_their_diameter_and_masses_do_not_count() -> None:
    found = nodule_annotations([TableRow("1", (-10.5, 20.0, 30.0), 6.5), TableRow("1", (1.0, 2.0, 3.0), 32.27)])
    nodule, mass = (annotation for annotation, _ in found)
    assert nodule.box == [-10.5, 20.0, 30.0, 6.5, 6.5, 6.5]
    assert (nodule.id, nodule.diameter_mm, nodule.readers, nodule.ratings) == ("nodule_1", 6.5, None, ())
    assert mass.id == "nodule_2"
    assert [box_class for _, box_class in found] == [NODULE_CLASS, IGNORED_CLASS]


def test_excluded_findings_never_count_and_repeated_rows_are_one() -> None:
    row = TableRow("1", (1.0, 2.0, 3.0), 10.0)
    found = excluded_annotations([row, TableRow("1", (1.0, 2.0, 3.5), 6.0), row])
    assert [(annotation.id, annotation.center_lps_mm[2], box_class) for annotation, box_class in found] == [
        ("excluded_1", 3.0, IGNORED_CLASS),
        ("excluded_2", 3.5, IGNORED_CLASS),
    ]
    assert found[0][0].size_mm == (10.0, 10.0, 10.0)
