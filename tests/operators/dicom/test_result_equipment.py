from __future__ import annotations

import dataclasses

from nodulescope.operators.dicom.result_equipment import equipment, model_line, pipeline_algorithm, serial_number, settle, stage_algorithm
from nodulescope.operators.dicom.segmentation import make_segmentation
from nodulescope.operators.dicom.source_images import source_images
from nodulescope.operators.examination import ModelProvenance


def test_the_serial_number_names_the_weights(dicom_examination):
    other = (*dicom_examination.models[:3], dataclasses.replace(dicom_examination.models[3], sha256="f" * 64))
    assert serial_number(dicom_examination) != serial_number(dataclasses.replace(dicom_examination, models=other))
    assert equipment(dicom_examination) == {
        "manufacturer": "nodulescope",
        "manufacturer_model_name": "nodulescope",
        "software_versions": "0.1.0",
        "device_serial_number": serial_number(dicom_examination),
    }


def test_a_segment_names_its_model_and_the_hash_of_its_weights(dicom_examination):
    item = stage_algorithm(dicom_examination, "nodule_segmentation")[0]
    assert (item.AlgorithmName, item.AlgorithmVersion) == ("nodule_segmentation_bundle", "0.3.0")
    assert item.AlgorithmParameters == "sha256=" + "3" * 64
    assert item.AlgorithmFamilyCodeSequence[0].CodeMeaning == "Artificial Intelligence"


def test_a_stage_without_a_model_is_done_by_nodulescope(dicom_examination):
    item = stage_algorithm(dataclasses.replace(dicom_examination, models=()), "lung_segmentation")[0]
    assert (item.AlgorithmName, item.AlgorithmVersion) == ("nodulescope", "0.1.0")
    assert "AlgorithmParameters" not in item


def test_the_pipeline_names_all_of_its_models(dicom_examination):
    texts = [item.value for item in pipeline_algorithm(dicom_examination) if item.name.meaning == "Algorithm Parameters"]
    assert texts == [model_line(model) for model in dicom_examination.models]
    assert texts[3] == "nodule_grading: nodule_grading_bundle 0.3.0 sha256:" + "4" * 64
    assert model_line(ModelProvenance("nodule_grading", "b", "1", "")).endswith("sha256:none")


def test_nothing_is_left_of_clock_and_chance(dicom_examination):
    result = make_segmentation(dicom_examination)
    settle(result, source_images(dicom_examination.ct))
    assert result.PatientName == "Phantom^One"
    assert "InstanceCreationDate" not in result
    assert (str(result.ContentDate), str(result.ContentTime)) == ("20000101", "120000")
    dates = {str(item.ContributionDateTime)[:8] for item in result.ContributingEquipmentSequence}
    assert dates == {"20000101"}
