"""Every word that a reader of the report sees, by key, so that another language is one more table.

Placeholders in braces are filled by :meth:`Messages.__call__`. What is not in a table (warnings of the input, names of bundles, reasons) is
written where it arises and shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Messages:
    """The words of one language.

    Attributes:
        language: BCP 47 tag for the page's ``lang``.
        texts: key to text.
    """

    language: str
    texts: Mapping[str, str] = field(repr=False)

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key with its placeholders filled.

        Raises:
            KeyError: no such key, or a placeholder without a value.
        """
        return self.texts[key].format(**values)

    def name_of(self, group: str, name: str) -> str:
        """The words for a name that other code chose (a stage, a rating, a key of ``findings.json``), or the name itself."""
        return self.texts.get(f"{group}.{name}", name.replace("_", " "))


_PAGE = {
    "page.title": "Lung nodule report",
    "page.skip": "Skip to the nodules",
    "page.theme": "Light / dark",
    "page.research": "Research use only, not a medical device. Every finding must be confirmed by a radiologist on the original images.",
    "page.footer": "Made by nodulescope {version} from one CT. Ratings are on the scales of LIDC-IDRI"
    " (Armato et al., Med Phys 38:915, 2011).",
    "summary.heading": "Summary",
    "summary.nodules": "Nodules",
    "summary.count.none": "No nodule found",
    "summary.count.one": "1 nodule",
    "summary.count.many": "{count} nodules",
    "summary.none": "No place in either lung passed the threshold of the detector. This does not exclude nodules.",
    "summary.masses.one": "1 is a mass (mean diameter above 30 mm)",
    "summary.masses.many": "{count} are masses (mean diameter above 30 mm)",
    "summary.above_three": "{count} of {total} with malignancy probably above 3 of 5",
    "summary.most_suspicious": "Most suspicious",
    "summary.lungs": "Lungs",
    "summary.volumes": "right {right} ml, left {left} ml",
    "summary.total": "{total} ml",
    "summary.covered": "Both lungs lie fully within the scan.",
    "summary.not_covered": "Part of the lungs lies outside the scan and was not examined.",
    "summary.input": "Input",
    "summary.no_warnings": "No warnings about the input.",
    "summary.warnings": "Warnings about the input",
    "summary.lung_rads": "Lung-RADS {category}",
    "summary.fleischner": "Fleischner: {category}",
    "table.heading": "Nodules",
    "table.id": "No.",
    "table.side": "Side",
    "table.type": "Type",
    "table.mean": "Mean diameter",
    "table.axes": "Long × short axis",
    "table.volume": "Volume",
    "table.probability": "Nodule probability",
    "table.malignancy": "Malignancy, 1 to 5",
    "table.malignancy_probability": "Probability above 3",
    "table.lung_rads": "Lung-RADS",
    "table.status": "Since prior",
    "table.flag": "Flag",
    "table.mass": "mass",
    "table.no_flag": "none",
    "table.caption": "Diameters in mm on the axial plane with the largest section; mean diameter is the mean of both axes. Malignancy is"
    " the mean rating that radiologists would give (1 highly unlikely, 3 indeterminate, 5 highly suspicious), the column after it the"
    " probability that they rate it above 3: an opinion on pictures, not pathology.",
}

_NODULE = {
    "side.right": "right",
    "side.left": "left",
    "type.solid": "solid",
    "type.part-solid": "part-solid",
    "type.ground-glass": "ground-glass",
    "type.calcified": "calcified",
    "status.baseline": "baseline",
    "status.new": "new",
    "status.stable": "stable",
    "status.growing": "growing",
    "status.shrinking": "shrinking",
    "nodule.heading": "Nodule {id}",
    "nodule.brief": "{side} lung, {type}, {mean} mm",
    "nodule.malignancy": "malignancy {malignancy} of 5 ({probability}\u00a0above\u00a03)",
    "nodule.measurements": "Measurements",
    "nodule.ratings": "Ratings",
    "nodule.prior": "Prior examination",
    "nodule.mean": "Mean diameter",
    "nodule.axes": "Long × short axis",
    "nodule.volume": "Volume",
    "nodule.solid": "Solid part, mean diameter",
    "nodule.density": "Mean density",
    "nodule.probability": "Nodule probability",
    "nodule.detector": "Detector score",
    "nodule.center": "Centre (LPS)",
    "nodule.slice": "Centre slice",
    "nodule.status": "Since prior",
    "nodule.lung_rads": "Lung-RADS",
    "nodule.to_table": "Back to the table",
    "unit.mm": "{value} mm",
    "unit.mm_pair": "{long} × {short} mm",
    "unit.mm3": "{value} mm³",
    "unit.hu": "{value} HU",
    "unit.center": "{x}, {y}, {z} mm",
    "unit.of_five": "{value} of 5",
    "unit.seconds": "{value} s",
    "unit.megabytes": "{value} MB",
    "rating.malignancy": "Malignancy",
    "rating.subtlety": "Subtlety",
    "rating.sphericity": "Sphericity",
    "rating.margin": "Margin",
    "rating.lobulation": "Lobulation",
    "rating.spiculation": "Spiculation",
    "rating.texture": "Texture",
    "rating.calcification": "Calcification",
    "low.malignancy": "unlikely",
    "high.malignancy": "suspicious",
    "low.subtlety": "subtle",
    "high.subtlety": "obvious",
    "low.sphericity": "linear",
    "high.sphericity": "round",
    "low.margin": "ill-defined",
    "high.margin": "sharp",
    "low.lobulation": "none",
    "high.lobulation": "marked",
    "low.spiculation": "none",
    "high.spiculation": "marked",
    "low.texture": "ground-glass",
    "high.texture": "solid",
    "low.calcification": "absent",
    "high.calcification": "present",
}

_PICTURES = {
    "stack.heading": "Axial slices",
    "stack.label": "Axial slices around nodule {id}. Arrow keys change the slice.",
    "stack.slider": "Slice of nodule {id}",
    "stack.hint": "Wheel or arrow keys",
    "stack.caption": "z {z} mm",
    "stack.caption.slice": "slice {number} of {count}, z {z} mm",
    "stack.caption.instance": "image {instance}, slice {number} of {count}, z {z} mm",
    "window.heading": "Window",
    "window.lung": "Lung",
    "window.mediastinum": "Mediastinum",
    "outline.show": "Outline",
    "plane.axial": "Axial, plane of measurement",
    "plane.coronal": "Coronal",
    "plane.sagittal": "Sagittal",
    "plane.alt.axial": "Axial CT picture of nodule {id}, {field} mm wide, patient's left on the right",
    "plane.alt.coronal": "Coronal CT picture of nodule {id}, {field} mm wide, patient's left on the right",
    "plane.alt.sagittal": "Sagittal CT picture of nodule {id}, {field} mm wide, front on the left",
    "plane.scale": "{mm} mm",
    "edge.R": "R",
    "edge.L": "L",
    "edge.A": "A",
    "edge.P": "P",
    "edge.H": "H",
    "edge.F": "F",
    "picture.convention": "Patient's left (L) is on the right of axial and coronal pictures; sagittal pictures have the front (A) on the"
    " left. Windows: lung {lung}, mediastinum {mediastinum}.",
    "picture.window": "width {width}, level {level}",
    "overview.heading": "Where they lie",
    "overview.heading.none": "The lungs",
    "overview.coronal": "Coronal projection",
    "overview.sagittal": "Sagittal projection",
    "overview.alt.coronal": "Coronal projection of the chest with the outline of the lungs, patient's left on the right",
    "overview.alt.sagittal": "Sagittal projection of the chest with the outline of the lungs, front on the left",
    "overview.caption": "Mean density through the whole chest, like a radiograph; the line is the outline of the lung mask.",
    "overview.caption.marker": "A number leads to its nodule.",
    "overview.marker": "Nodule {id}: {brief}",
}

_PROVENANCE = {
    "not_assessed.heading": "Not assessed",
    "not_assessed.none": "Nothing was left out.",
    "not_assessed.lung_rads": "Lung-RADS category",
    "not_assessed.fleischner": "Fleischner recommendation",
    "not_assessed.brock": "Brock risk of cancer",
    "not_assessed.nodules[].prior": "Change since a prior examination",
    "not_assessed.nodules[].lung_rads": "Lung-RADS category of each nodule",
    "not_assessed.nodules[].solid_diameter_mm": "Diameter of the solid part",
    "assessment.heading": "Assessment",
    "assessment.lung_rads": "Lung-RADS v2022",
    "assessment.fleischner": "Fleischner 2017",
    "assessment.brock": "Brock (PanCan) risk of cancer",
    "models.heading": "Models",
    "models.stage": "Stage",
    "models.bundle": "Bundle",
    "models.version": "Version",
    "models.sha256": "SHA-256",
    "models.no_hash": "none",
    "stage.lung_segmentation": "Lung segmentation",
    "stage.nodule_detection": "Nodule detection",
    "stage.nodule_segmentation": "Nodule segmentation",
    "stage.nodule_grading": "Nodule grading",
    "timings.heading": "Timings",
    "timings.total": "Total",
    "timings.memory": "Peak memory",
    "timing.read": "Reading",
    "timing.lung_segmentation": "Lung segmentation",
    "timing.nodule_detection": "Nodule detection",
    "timing.nodule_segmentation": "Nodule segmentation",
    "timing.nodule_grading": "Nodule grading",
    "timing.measurement": "Measurement",
    "input.heading": "Input",
    "input.kind": "Format",
    "input.series": "Series",
    "input.study_date": "Study date",
    "input.scanner": "Scanner",
    "input.kernel": "Reconstruction kernel",
    "input.thickness": "Slice thickness",
    "input.tube": "Tube voltage",
    "input.size": "Voxels",
    "input.spacing": "Spacing",
    "input.reason": "Why this series",
    "input.study_uid": "Study UID",
    "input.series_uid": "Series UID",
    "input.size.value": "{i} × {j} × {k}",
    "input.spacing.value": "{i} × {j} × {k} mm",
    "input.tube.value": "{value} kV",
    "kind.dicom": "DICOM",
    "kind.nifti": "NIfTI",
    "kind.metaimage": "MetaImage",
    "kind.nrrd": "NRRD",
    "kind.phantom": "synthetic phantom",
}

ENGLISH = Messages("en", {**_PAGE, **_NODULE, **_PICTURES, **_PROVENANCE})
