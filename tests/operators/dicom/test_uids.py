from __future__ import annotations

import dataclasses

import numpy as np
from pydicom.uid import UID

from nodulescope.operators.dicom.uids import (
    derive_uid,
    input_identity,
    nodule_tracking_uid,
    result_instance_uid,
    result_series_uid,
)


def test_a_uid_follows_from_its_sources_alone():
    assert derive_uid("a", "b") == derive_uid("a", "b")
    assert len({derive_uid("a", "b"), derive_uid("b", "a"), derive_uid("ab"), derive_uid("ab", ""), derive_uid("", "ab")}) == 5
    assert UID(derive_uid("a")).is_valid
    assert len(derive_uid("a")) <= 64


def test_a_repeated_run_gives_the_same_uids_whatever_its_speed(dicom_examination):
    again = dataclasses.replace(dicom_examination, timings_s={"reading": 99.0}, peak_memory_mb=1.0)
    for uid in (result_series_uid, result_instance_uid):
        assert uid(again, "segmentation") == uid(dicom_examination, "segmentation")


def test_another_result_is_another_instance_of_the_same_series(dicom_examination):
    other = dataclasses.replace(dicom_examination, nodules=dicom_examination.nodules[:1])
    assert result_series_uid(other, "segmentation") == result_series_uid(dicom_examination, "segmentation")
    assert result_instance_uid(other, "segmentation") != result_instance_uid(dicom_examination, "segmentation")


def test_one_voxel_more_is_another_instance(dicom_examination):
    labels = dicom_examination.nodule_labels.copy()
    labels[0, 0, 0] = 1
    other = dataclasses.replace(dicom_examination, nodule_labels=labels)
    assert result_instance_uid(other, "segmentation") != result_instance_uid(dicom_examination, "segmentation")


def test_other_weights_and_other_roles_are_other_series(dicom_examination):
    models = (*dicom_examination.models[:3], dataclasses.replace(dicom_examination.models[3], sha256="f" * 64))
    other = dataclasses.replace(dicom_examination, models=models)
    assert result_series_uid(other, "segmentation") != result_series_uid(dicom_examination, "segmentation")
    assert result_series_uid(dicom_examination, "report") != result_series_uid(dicom_examination, "segmentation")


def test_an_input_without_uid_is_named_by_its_voxels(dicom_examination):
    ct = dicom_examination.ct
    assert input_identity(ct) == ct.source.series_instance_uid
    nameless = dataclasses.replace(ct, source=dataclasses.replace(ct.source, series_instance_uid=""))
    moved = ct.affine_lps.copy()
    moved[0, 3] += 1
    names = {
        input_identity(nameless),
        input_identity(dataclasses.replace(nameless, affine_lps=moved)),
        input_identity(dataclasses.replace(nameless, hu=ct.hu + np.float32(1))),
    }
    assert len(names) == 3


def test_a_tracking_uid_belongs_to_a_place(dicom_examination):
    ct, models = dicom_examination.ct, dicom_examination.models
    assert nodule_tracking_uid(ct, models, (1.0, 2.0, 3.0)) == nodule_tracking_uid(ct, models, (1.001, 2.0, 3.0))
    assert nodule_tracking_uid(ct, models, (1.0, 2.0, 3.0)) != nodule_tracking_uid(ct, models, (1.0, 2.0, 4.0))
