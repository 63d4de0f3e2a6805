"""Key images: one Secondary Capture per nodule, for systems that show neither segments nor structured reports.

There is no Key Object Selection beside them. It would flag source images in the very list in which radiologists flag theirs, could not be
told apart there from a person's choice, and would say nothing that the measurement report does not: which images a nodule lies on.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from highdicom import CoordinateSystemNames
from highdicom.sc import SCImage
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian
from pydicom.valuerep import DA, TM

from nodulescope.bundles.coordinates import world_to_index
from nodulescope.operators.dicom.key_picture import caption_of, key_picture
from nodulescope.operators.dicom.result_equipment import equipment, settle
from nodulescope.operators.dicom.source_images import SourceImages, source_images
from nodulescope.operators.dicom.uids import result_instance_uid, result_series_uid, results_digest
from nodulescope.operators.examination.examination import Examination
from nodulescope.operators.examination.findings_json import nodule_to_findings
from nodulescope.operators.examination.nodule import Nodule
from nodulescope.operators.examination.whole_file import whole_file

ROLE = "key image"
SERIES_NUMBER = 9103

MOST_KEY_IMAGES = 50
"""A key image is for looking at, one by one. Of examinations with more nodules the most suspicious ones get one (some 65 MB in all)."""

FILE_PATTERN = "key-image-*.dcm"
"""Names of the files, for whoever must find or replace those of an earlier analysis."""


def make_key_image(exam: Examination, nodule: Nodule, source: SourceImages, digest: str) -> SCImage:
    """Form the key image of one nodule.

    It carries no pixel spacing, because its parts are enlarged differently and nothing shall be measured on it. Burned In Annotation is NO
    by that element's definition (PS3.3 C.7.6.1.1): the caption identifies neither the patient nor the date.

    Args:
        exam: what was found on a DICOM CT.
        nodule: one of its nodules.
        source: the images that the CT was read from.
        digest: of the results, see :func:`~nodulescope.operators.dicom.uids.results_digest`.
    """
    k = _slice_of(exam, nodule)
    caption = caption_of(nodule_to_findings(nodule), len(exam.nodules), _image_name(source, k), exam.generator_version)
    result = SCImage(
        pixel_array=key_picture(exam.ct, nodule, caption),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system=CoordinateSystemNames.PATIENT,
        patient_orientation=("L", "P"),
        study_instance_uid=source.headers[0].StudyInstanceUID,
        series_instance_uid=result_series_uid(exam, ROLE),
        series_number=SERIES_NUMBER,
        sop_instance_uid=result_instance_uid(exam, f"{ROLE} {nodule.id}", digest),
        instance_number=nodule.id,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        **equipment(exam),
        series_description="Key images of lung nodules (automatic)",
        specific_character_set="ISO_IR 192",
        content_date=source.date,
        content_time=source.time,
    )
    result.copy_patient_and_study_information(source.headers[0])
    result.ConversionType = "WSD"
    result.DateOfSecondaryCapture, result.TimeOfSecondaryCapture = DA(source.date), TM(source.time)
    result.BodyPartExamined = "CHEST"
    result.BurnedInAnnotation = "NO"
    result.ImageComments = "\r\n".join(caption)
    result.DerivationDescription = "Slice and enlarged details, outline and caption burned in"
    result.SourceImageSequence = [_source_image(source, k)]
    settle(result, source)
    return result


def write_key_images(exam: Examination, folder: Path) -> tuple[Path, ...]:
    """Write ``key-image-1.dcm``, ``key-image-2.dcm`` and so on, numbered like the nodules.

    Args:
        exam: what was found on a DICOM CT.
        folder: an existing folder; files of these names are replaced.

    Returns:
        The files, most suspicious nodule first; at most :data:`MOST_KEY_IMAGES`, none without nodules.

    Raises:
        InputError: the CT carries no DICOM headers.
        OSError: a file cannot be written.
    """
    source = source_images(exam.ct)
    digest = results_digest(exam)
    paths = []
    for nodule in exam.nodules[:MOST_KEY_IMAGES]:
        path = folder / FILE_PATTERN.replace("*", str(nodule.id))
        with whole_file(path) as beside:
            make_key_image(exam, nodule, source, digest).save_as(beside, enforce_file_format=True)
        paths.append(path)
    return tuple(paths)


def _slice_of(exam: Examination, nodule: Nodule) -> int:
    """Index k of the CT's slice nearest to the middle of the long axis."""
    middle = np.mean(np.asarray(nodule.measurements.long_axis_lps_mm), axis=0)
    k = round(float(world_to_index(exam.ct.affine_lps, middle)[2]))
    return min(max(k, 0), exam.ct.shape[2] - 1)


def _image_name(source: SourceImages, k: int) -> str:
    """What a reader calls the source image: its instance number, or its frame."""
    if source.frame_numbers is not None:
        return f"frame {source.frame_numbers[k]}"
    number = source.headers[k].get("InstanceNumber")
    return f"slice {k + 1} of {len(source.headers)}" if number is None else f"image {number}"


def _source_image(source: SourceImages, k: int) -> Dataset:
    """Refer to the image of slice k (PS3.3 C.7.6.16.2.6)."""
    header = source.headers[0 if source.frame_numbers is not None else k]
    item = Dataset()
    item.ReferencedSOPClassUID = header.SOPClassUID
    item.ReferencedSOPInstanceUID = header.SOPInstanceUID
    if source.frame_numbers is not None:
        item.ReferencedFrameNumber = int(source.frame_numbers[k])
    item.PurposeOfReferenceCodeSequence = [CodedConcept.from_code(codes.DCM.SourceImageForImageProcessingOperation)]
    return item
