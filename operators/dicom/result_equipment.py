"""What every DICOM result says of its maker: equipment, models, dates; nothing from the clock or from chance."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from highdicom import AlgorithmIdentificationSequence
from highdicom.sr import AlgorithmIdentification
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.valuerep import DT

from nodulescope.operators.dicom.source_images import SourceImages, replace_element
from nodulescope.operators.dicom.uids import derive_uid
from nodulescope.operators.examination.examination import Examination, ModelProvenance

MANUFACTURER = "nodulescope"
MODEL_NAME = "nodulescope"

_LONGEST_LO = 64
"""Characters in a Long String (PS3.5 section 6.2)."""


def equipment(exam: Examination) -> dict[str, Any]:
    """Keyword arguments that name the maker in a highdicom constructor."""
    return {
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": MODEL_NAME,
        "software_versions": exam.generator_version,
        "device_serial_number": serial_number(exam),
    }


def serial_number(exam: Examination) -> str:
    """One number per set of weights: the device is the software together with its models."""
    weights = "\0".join(f"{m.stage} {m.bundle} {m.version} {m.sha256}" for m in exam.models)
    return hashlib.sha256(weights.encode()).hexdigest()[:16]


def stage_algorithm(exam: Examination, stage: str) -> AlgorithmIdentificationSequence:
    """Identify the model that drew a segment (PS3.3 10.16, Algorithm Identification Macro).

    Args:
        exam: what was found.
        stage: the pipeline's stage, see :class:`ModelProvenance`; nodulescope itself stands in for a stage that ran without a model.
    """
    model = next((m for m in exam.models if m.stage == stage), ModelProvenance(stage, MODEL_NAME, exam.generator_version, ""))
    return AlgorithmIdentificationSequence(
        name=model.bundle[:_LONGEST_LO],
        family=codes.DCM.ArtificialIntelligence,
        version=(model.version or exam.generator_version)[:_LONGEST_LO],
        source=MANUFACTURER,
        parameters={"sha256": model.sha256} if model.sha256 else None,
    )


def pipeline_algorithm(exam: Examination) -> AlgorithmIdentification:
    """Identify the whole pipeline with all of its models (PS3.16 TID 4019)."""
    return AlgorithmIdentification(
        name=MODEL_NAME,
        version=exam.generator_version,
        manufacturer=MANUFACTURER,
        parameters=[model_line(model) for model in exam.models] or None,
        family=codes.DCM.ArtificialIntelligence,
    )


def model_line(model: ModelProvenance) -> str:
    """One line that names a stage's model and the hash of its weights."""
    return f"{model.stage}: {model.bundle} {model.version} sha256:{model.sha256 or 'none'}"


def settle(result: Dataset, source: SourceImages) -> None:
    """Give a result the patient's name, and replace what highdicom takes from the clock or from chance.

    Content, series and contribution are dated by the images (see :class:`SourceImages`); the creation of the file, which the clock alone
    knows, is left out (type 3).

    Args:
        result: object made by highdicom; changed in place.
        source: the images that it was made from.
    """
    replace_element(result, "PatientName", source.patient_name)
    for keyword in ("InstanceCreationDate", "InstanceCreationTime"):
        if keyword in result:
            delattr(result, keyword)
    made = DT(datetime.strptime(f"{source.date}{source.time[:6]:0<6}", "%Y%m%d%H%M%S").strftime("%Y%m%d%H%M%S"))
    for contribution in result.get("ContributingEquipmentSequence", []):
        contribution.ContributionDateTime = made
    organization = derive_uid("dimensions", str(result.SOPInstanceUID))
    for item in _dimensions(result):
        item.DimensionOrganizationUID = organization


def _dimensions(result: Dataset) -> Iterator[Dataset]:
    """Items that carry the Dimension Organization UID, which highdicom draws at random."""
    yield from result.get("DimensionOrganizationSequence", [])
    yield from result.get("DimensionIndexSequence", [])
