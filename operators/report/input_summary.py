"""What the report says of its input: enough to find the series again, and nothing that names the patient."""

from __future__ import annotations

from typing import Any

from nodulescope.bundles.contracts import CTVolume
from nodulescope.operators.report import number_text
from nodulescope.operators.report.messages import Messages


def series_description(ct: CTVolume) -> str:
    """DICOM's Series Description, empty where there is none."""
    return _text(ct, "SeriesDescription")


def study_date(ct: CTVolume) -> str:
    """Day of the study as ISO 8601, empty where the input says none."""
    digits = _text(ct, "StudyDate")
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if len(digits) == 8 and digits.isdigit() else digits


def input_rows(ct: CTVolume, t: Messages) -> tuple[tuple[str, str], ...]:
    """Label and value pairs on the input; values that it does not hold are left out.

    Args:
        ct: the CT. Of its headers only technical elements, the date and the UIDs are read, and its path is not shown: folders are named
            after patients.
        t: the language.

    Returns:
        Rows in reading order.
    """
    source = ct.source
    i, j, k = ct.shape
    spacing = dict(zip("ijk", (f"{s:.3g}" for s in ct.spacing_mm), strict=True))
    thickness, tube = _number(ct, "SliceThickness"), _number(ct, "KVP")
    rows = (
        ("input.kind", t.name_of("kind", source.kind)),
        ("input.series", series_description(ct)),
        ("input.study_date", study_date(ct)),
        ("input.scanner", " ".join(part for part in (_text(ct, "Manufacturer"), _text(ct, "ManufacturerModelName")) if part)),
        ("input.kernel", _text(ct, "ConvolutionKernel")),
        ("input.thickness", t("unit.mm", value=thickness) if thickness else ""),
        ("input.tube", t("input.tube.value", value=tube) if tube else ""),
        ("input.size", t("input.size.value", i=i, j=j, k=k)),
        ("input.spacing", t("input.spacing.value", **spacing)),
        ("input.reason", source.selection_reason),
        ("input.study_uid", source.study_instance_uid),
        ("input.series_uid", source.series_instance_uid),
    )
    return tuple((t(key), value) for key, value in rows if value)


def _element(ct: CTVolume, keyword: str) -> Any:
    return getattr(ct.source.instances[0], keyword, None) if ct.source.instances else None


def _text(ct: CTVolume, keyword: str) -> str:
    value = _element(ct, keyword)
    return "" if value is None else str(value).strip()


def _number(ct: CTVolume, keyword: str) -> str:
    """A decimal string without its trailing zeros; empty where it is absent or no number."""
    try:
        value = float(_text(ct, keyword))
    except ValueError:
        return ""
    return number_text.fixed(value, 2).rstrip("0").rstrip(".")
