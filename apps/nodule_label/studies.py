"""Where images and labels are: a folder, or a DICOMweb server. Both check a label before they take it."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from dicomweb_client.session_utils import create_session_from_user_pass
from monailabel.config import settings
from monailabel.datastore.dicom import DICOMwebClientX, DICOMWebDatastore
from monailabel.datastore.local import LocalDatastore
from monailabel.datastore.utils.dicom import dicom_web_download_series, dicom_web_upload_dcm
from monailabel.interfaces.datastore import DefaultLabelTag
from requests import RequestException

from nodulescope.apps.nodule_label.answer_files import write_label_map
from nodulescope.apps.nodule_label.dicom_seg import write_dicom_seg
from nodulescope.apps.nodule_label.dicom_series import convert_series_below, read_one_series, write_nifti
from nodulescope.apps.nodule_label.http_errors import not_found, told_over_http
from nodulescope.apps.nodule_label.state_folder import StateFolder
from nodulescope.apps.nodule_label.submission import Submission, read_submission
from nodulescope.apps.nodule_label.submitted_labels import Kind, SubmittedLabel, SubmittedLabels, check_label
from nodulescope.bundles.data.annotation_check.volume import read_volume
from nodulescope.bundles.errors import InputError

logger = logging.getLogger(__name__)

IMAGE_ENDINGS = ("*.nii.gz", "*.nii", "*.nrrd", "*.mha")


class CheckedLabels:
    """What both kinds of studies do with a label; mixed into MONAI Label's own classes."""

    submitted: SubmittedLabels

    def require_study(self, study: str) -> Path:
        """The file of a study.

        Raises:
            HTTPException: 404, there is no such study.
        """
        uri = str(self.get_image_uri(study)) if study else ""  # type: ignore[attr-defined]  # of MONAI Label's class
        if not uri or not Path(uri).exists():
            raise not_found("image", study or "(none)", [])
        return Path(uri)

    def take(self, study: str, file: Path, info: Mapping[str, Any]) -> tuple[SubmittedLabel, Submission]:
        """Check a submitted label and keep it among those that are trained on.

        Raises:
            InputError: it does not fit its image.
        """
        image = read_volume(self.require_study(study))
        submission = read_submission(info)
        kind = check_label(file, image, submission.names, submission.kind)
        patient = str(self.get_image_info(study).get("PatientID") or study)  # type: ignore[attr-defined]
        kept = SubmittedLabel(study, kind, submission.reader, file, submission.names, submission.ratings, submission.not_nodules, patient)
        return self.submitted.add(kept), submission

    def as_label_map(self, study: str, file: Path) -> Path:
        """OHIF submits bare bytes, one per voxel of the image: give them a header. Anything else is returned as it is.

        Raises:
            InputError: there are more or fewer bytes than voxels.
        """
        if file.suffix != ".bin":
            return file
        image = read_volume(self.require_study(study))
        values = np.fromfile(file, dtype=np.uint8)
        if values.size != np.prod(image.shape):
            raise InputError(
                f"the label holds {values.size} bytes, its image {int(np.prod(image.shape))} voxels; one byte per voxel is needed"
            )
        written = file.with_suffix(".nii.gz")
        write_label_map(values.reshape(image.shape, order="F"), image.affine_lps, written)
        return written


class FolderStudies(CheckedLabels, LocalDatastore):
    """Images in a folder: NIfTI, NRRD and MetaImage files, and DICOM series in folders below it.

    Args:
        folder: of the images; labels go to ``labels/`` in it, as MONAI Label has it.
        state: where the labels that are trained on are kept.
    """

    def __init__(self, folder: str, state: StateFolder) -> None:
        self.submitted = SubmittedLabels(state.labels)
        patients = dict(convert_series_below(Path(folder)))
        super().__init__(folder, extensions=[*IMAGE_ENDINGS, "*.json"], auto_reload=settings.MONAI_LABEL_DATASTORE_AUTO_RELOAD)
        for study, patient in patients.items():
            if self.get_image_info(study).get("PatientID") != patient:
                self.update_image_info(study, {"PatientID": patient})

    def _list_files(self, path: str, patterns: list[str]) -> dict[str, str]:
        """MONAI Label looks for images and for labels by the same endings; markups are labels only, and so is its own record none."""
        found: dict[str, str] = super()._list_files(path, patterns)
        images = Path(path).resolve() == Path(self._datastore.image_path()).resolve()
        return {name: file for name, file in found.items() if not name.startswith(".") and not (images and name.endswith(".json"))}

    def save_label(self, image_id: str, label_filename: str, label_tag: str, label_info: dict[str, Any]) -> str:
        """Check and keep a label; see MONAI Label's own."""
        with told_over_http():
            self.require_study(image_id)
            file = self.as_label_map(image_id, Path(label_filename))
            if label_tag == DefaultLabelTag.FINAL:
                self.take(image_id, file, label_info)
            return str(super().save_label(image_id, str(file), label_tag, label_info))


class DicomWebStudies(CheckedLabels, DICOMWebDatastore):
    """CT series of a DICOMweb server; submitted label maps go back to it as DICOM Segmentation.

    Args:
        address: of the DICOMweb service, such as ``http://pacs:8042/dicom-web``.
        state: where series are kept as files, and the labels that are trained on.
    """

    def __init__(self, address: str, state: StateFolder) -> None:
        self.submitted = SubmittedLabels(state.labels)
        session = None
        if settings.MONAI_LABEL_DICOMWEB_USERNAME and settings.MONAI_LABEL_DICOMWEB_PASSWORD:
            session = create_session_from_user_pass(settings.MONAI_LABEL_DICOMWEB_USERNAME, settings.MONAI_LABEL_DICOMWEB_PASSWORD)
        client = DICOMwebClientX(
            url=address,
            session=session,
            qido_url_prefix=settings.MONAI_LABEL_QIDO_PREFIX,
            wado_url_prefix=settings.MONAI_LABEL_WADO_PREFIX,
            stow_url_prefix=settings.MONAI_LABEL_STOW_PREFIX,
        )
        super().__init__(client, settings.MONAI_LABEL_DICOMWEB_SEARCH_FILTER, str(state.root / "dicomweb"))

    def get_image_uri(self, image_id: str) -> str:
        """The series as a file, fetched when it is first asked for. A broken series is refused.

        Raises:
            HTTPException: 404, the server has no such CT series; 502, it does not answer.
            InputError: the series is no regular volume.
        """
        file = self.series_folder(image_id).with_name(f"{image_id}.nii.gz")
        if file.is_file():
            return str(file)
        folder = self.series_folder(image_id)
        if not folder.is_dir():
            self._fetch(image_id, folder)
        with tempfile.TemporaryDirectory() as temporary:
            converted = Path(temporary) / file.name
            write_nifti(read_one_series(folder), converted)
            LocalDatastore.add_image(self, image_id, str(converted), self._dicom_info(image_id))
        return str(file)

    def get_label_uri(self, label_id: str, label_tag: str, image_id: str = "") -> str:
        """The label as it was submitted; MONAI Label would fetch it from the server by an id that no label has."""
        return str(LocalDatastore.get_label_uri(self, label_id, label_tag))

    def get_unlabeled_images(self, label_tag: str | None = None, labels: list[str] | None = None) -> list[str]:
        """Series without a segmentation on the server and without a label that was submitted here."""
        unlabelled: list[str] = super().get_unlabeled_images(label_tag, labels)
        return sorted(set(unlabelled) - set(LocalDatastore.get_labeled_images(self)))

    def save_label(self, image_id: str, label_filename: str, label_tag: str, label_info: dict[str, Any], label_id: str = "") -> str:
        """Check and keep a label, and send a label map back to the server."""
        with told_over_http():
            self.require_study(image_id)
            file = self.as_label_map(image_id, Path(label_filename))
            if label_tag == DefaultLabelTag.FINAL:
                kept, submission = self.take(image_id, file, label_info)
                label_info = {**label_info, **self._send_back(kept, submission)}
            return str(LocalDatastore.save_label(self, image_id, str(file), label_tag, label_info))

    def series_folder(self, series: str) -> Path:
        """Where the DICOM files of a series are kept."""
        return Path(self._datastore.image_path()).resolve() / series

    def _send_back(self, label: SubmittedLabel, submission: Submission) -> dict[str, Any]:
        """Store a label map as DICOM SEG; boxes, and a map that says that there is nothing, have no segment to store."""
        if label.kind is Kind.BOXES:
            return {}
        labels = read_volume(label.file).values
        values = sorted(int(value) for value in np.unique(labels[labels != 0]))
        if not values:
            return {}
        segmentation = write_dicom_seg(label.file, self.series_folder(label.study), label.kind, values, submission.names, label.reader)
        try:
            return {"SeriesInstanceUID": dicom_web_upload_dcm(str(segmentation), self._client)}
        except RequestException as error:
            raise InputError(f"{self._client.base_url}: does not take the segmentation ({error}); the label is kept here") from error
        finally:
            segmentation.unlink(missing_ok=True)

    def _fetch(self, series: str, folder: Path) -> None:
        with told_over_http():
            try:
                known = self._client.search_for_series(search_filters={"SeriesInstanceUID": series, **self._search_filter})
                if not known:
                    raise not_found("CT series", series, [])
                beside = folder.with_name(f".{folder.name}.part")
                shutil.rmtree(beside, ignore_errors=True)
                dicom_web_download_series(None, series, str(beside), self._client, self._fetch_by_frame)
                beside.replace(folder)
            except RequestException as error:
                raise InputError(f"{self._client.base_url}: does not give the series ({error}); check the server") from error
