"""The real label server over REST: every bundle looked at, corrected, retrained; errors; strategies; a PACS as the source."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
from command_line import COMMAND
from label_client import LabelClient, free_port
from small_chest import SmallChest, small_chest

from nodulescope.apps.cli.main import run
from nodulescope.apps.nodule_label.answer_files import write_label_map
from nodulescope.apps.nodule_label.dicom_series import write_nifti
from nodulescope.apps.nodule_label.environment import environment_folder, is_ready
from nodulescope.apps.nodule_label.markups import Box, boxes_to_markups
from nodulescope.apps.nodule_label.server import ServerSettings, running_server
from nodulescope.apps.nodule_label.state_folder import state_folder_of
from nodulescope.bundles.coordinates import index_to_world, swap_ras_lps, world_to_index
from nodulescope.operators.dicom.ct_series import write_ct_series

pytestmark = pytest.mark.slow

LUNGS = [{"name": "right lung", "idx": 1}, {"name": "left lung", "idx": 2}]
NODULES = [{"name": "nodule 1", "idx": 1}, {"name": "nodule 2", "idx": 2}]
RATINGS = {"1": {"malignancy": 5, "spiculation": 4}, "2": {"malignancy": 1}}
STUDIES = ("first", "second")
UNLABELLED = ("third", "fourth")


@contextmanager
def serving(studies: str, state: Path) -> Iterator[LabelClient]:
    environment = environment_folder()
    if not is_ready(environment):
        pytest.skip("the label server's environment is not there (make label-env)")
    settings = ServerSettings(studies, state_folder_of(studies, str(state)), environment, port=free_port(), device="cpu", scores=False)
    with running_server(settings):
        yield LabelClient(settings.address)


@pytest.fixture(scope="module")
def chests() -> dict[str, SmallChest]:
    return {name: small_chest(seed) for seed, name in enumerate((*STUDIES, *UNLABELLED))}


@pytest.fixture(scope="module")
def studies(chests: dict[str, SmallChest], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files, a DICOM series in a folder below, and a broken file."""
    folder = tmp_path_factory.mktemp("studies")
    for name in (*STUDIES, "third"):
        write_nifti(chests[name].ct, folder / f"{name}.nii.gz")
    write_ct_series(chests["fourth"].ct, folder / "from the scanner", patient_id="P4", patient_name="Phantom^Four")
    (folder / "broken.nii.gz").write_bytes((folder / "first.nii.gz").read_bytes()[:4000])
    return folder


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def client(studies: Path, state: Path) -> Iterator[LabelClient]:
    with serving(str(studies), state) as client:
        yield client


@pytest.fixture(scope="module")
def labelled(client: LabelClient, chests: dict[str, SmallChest], tmp_path_factory: pytest.TempPathFactory) -> LabelClient:
    """A reader has labelled lungs and nodules of two studies, as Slicer submits them."""
    folder = tmp_path_factory.mktemp("labels")
    for name in STUDIES:
        for labels, info in ((chests[name].lungs, LUNGS), (chests[name].nodules, NODULES)):
            params = {"label_info": info, "client_id": "anna", "ratings": RATINGS if info is NODULES else {}}
            saved = client.save_label(name, "label.nii.gz", label_map(labels, chests[name], folder), params)
            assert saved.status == 200, saved.json
            assert saved.json["violations"] == []
    return client


def label_map(labels: np.ndarray, chest: SmallChest, folder: Path) -> bytes:
    file = folder / "map.nii.gz"
    write_label_map(labels, chest.ct.affine_lps, file)
    return file.read_bytes()


def values_of(content: bytes, folder: Path, ending: str = ".nii.gz") -> tuple[np.ndarray, np.ndarray]:
    """A label map that came as bytes: its values and its affine (LPS)."""
    file = folder / f"answer{ending}"
    file.write_bytes(content)
    image: Any = nibabel.load(file)
    return np.asarray(image.dataobj), swap_ras_lps(image.affine)


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other)))


def test_info_names_every_model_and_study(client: LabelClient, studies: Path) -> None:
    told = client.get("/info/").json
    kinds = {name: model["type"] for name, model in told["models"].items()}
    assert kinds == {
        "lung_segmentation": "segmentation",
        "nodule_detection": "detection",
        "nodule_segmentation": "segmentation",
        "nodule_click": "deepgrow",
        "nodule_grading": "segmentation",
        "scan": "segmentation",
    }
    assert sorted(told["trainers"]) == ["lung_segmentation", "nodule_detection", "nodule_grading", "nodule_segmentation"]
    assert sorted(told["strategies"]) == ["disagreement", "random", "uncertainty"]
    images = client.get("/datastore/?output=all").json["objects"]
    uid = next(name for name in images if name not in (*STUDIES, "third", "broken"))
    assert sorted(images) == sorted([*STUDIES, "third", "broken", uid])
    assert (studies / f"{uid}.nii.gz").is_file()
    assert images[uid]["image"]["info"]["PatientID"] == "P4"


def test_the_whole_chain_is_one_model(client: LabelClient, chests: dict[str, SmallChest], tmp_path: Path) -> None:
    # What OHIF's automatic segmentation sends.
    asked = {"result_extension": ".nrrd", "result_dtype": "uint8", "result_compress": False, "restore_label_idx": False}
    picture = client.infer("scan", "first", asked, output="image")
    assert picture.content.startswith(b"NRRD")
    answer = client.infer("scan", "first", {"result_extension": ".nii.gz"})
    labels, affine = values_of(answer.content, tmp_path)
    nodules = answer.json["nodules"]
    assert len(nodules) == 2
    for nodule in nodules:
        center = index_to_world(affine, np.argwhere(labels == nodule["id"]).mean(axis=0))
        assert np.linalg.norm(center - nodule["center_lps_mm"]) < 2.0
        assert {"volume_mm3", "malignancy", "attributes", "lung_rads"} <= set(nodule)
    assert sorted(answer.json["label_names"].values()) == [1, 2]


def test_lungs_get_better_where_a_reader_corrected_them(labelled: LabelClient, chests: dict[str, SmallChest], tmp_path: Path) -> None:
    truth = chests["third"]
    before = labelled.infer("lung_segmentation", "third")
    assert before.json["label_names"] == {"right lung": 1, "left lung": 2}
    first, affine = values_of(before.content, tmp_path)
    np.testing.assert_allclose(affine, truth.ct.affine_lps, atol=1e-4)
    record = labelled.train("lung_segmentation", max_epochs=4, settings={"patch": 48})
    assert record["status"] == "DONE", record["details"]
    newest = labelled.get("/info/").json["train_stats"]["lung_segmentation"]["versions"][-1]
    compared = newest["comparison"]
    assert (compared["training_items"], compared["validation_items"], compared["served_number"]) == (1, 1, 0)
    assert compared["trained"] > compared["served"]
    after = labelled.infer("lung_segmentation", "third")
    assert after.json["models"][0]["number"] == labelled.served("lung_segmentation") == newest["number"] == 1
    second, _ = values_of(after.content, tmp_path)
    for lung in (1, 2):
        assert dice(second == lung, truth.lungs == lung) > max(0.9, dice(first == lung, truth.lungs == lung))


def test_a_click_outlines_a_nodule_and_training_on_outlines_makes_a_version(
    labelled: LabelClient, chests: dict[str, SmallChest], tmp_path: Path
) -> None:
    truth = chests["third"]
    click = np.rint(world_to_index(truth.ct.affine_lps, truth.centers_lps_mm[0])).astype(int).tolist()
    # What Slicer's interactive panel sends.
    asked = {"label": "nodule", "foreground": [click], "background": [], "client_id": "anna"}
    answer = labelled.infer("nodule_click", "third", asked)
    assert list(answer.json["label_names"].values()) == [1]
    drawn, _ = values_of(answer.content, tmp_path)
    assert dice(drawn == 1, truth.nodules == 1) > 0.7
    assert answer.json["nodules"][0]["mean_diameter_mm"] == pytest.approx(truth.diameters_mm[0], abs=2.0)
    record = labelled.train("nodule_segmentation", max_epochs=2)
    assert record["status"] == "DONE", record["details"]
    versions = labelled.get("/info/").json["train_stats"]["nodule_segmentation"]
    compared = versions["versions"][1]["comparison"]
    assert (compared["metric"], compared["training_items"], compared["validation_items"]) == ("dice", 2, 2)
    assert versions["served"] == (1 if compared["trained"] >= compared["served"] else 0)
    again = labelled.infer("nodule_click", "third", asked)
    assert again.json["models"][-1]["number"] == versions["served"]
    assert dice(values_of(again.content, tmp_path)[0] == 1, truth.nodules == 1) > 0.7


def test_detection_gives_boxes_with_scores_and_learns_from_corrected_ones(labelled: LabelClient, chests: dict[str, SmallChest]) -> None:
    truth = chests["third"]
    answer = labelled.infer("nodule_detection", "third", {"score": 0.5})
    assert answer.file_name.endswith(".json")
    regions = json.loads(answer.content)["markups"]
    assert len(regions) == len(answer.json["score"]) == len(answer.json["box"]) == 2
    assert min(answer.json["score"]) >= 0.5
    for region, score in zip(regions, answer.json["score"], strict=True):
        assert (region["type"], region["coordinateSystem"]) == ("ROI", "LPS")
        assert region["measurements"] == [{"name": "score", "enabled": True, "value": score, "printFormat": "%5.3f"}]
        gaps = [np.linalg.norm(np.subtract(region["center"], center)) for center in truth.centers_lps_mm]
        assert min(gaps) < 4.0
    boxes = [Box(center, (d, d, d)) for center, d in zip(truth.centers_lps_mm, truth.diameters_mm, strict=True)]
    corrected = json.dumps(boxes_to_markups(boxes)).encode()
    saved = labelled.save_label("third", "label.json", corrected, {"label_info": [], "client_id": "anna"})
    assert (saved.status, saved.json["violations"]) == (200, [])
    record = labelled.train("nodule_detection", max_epochs=1, settings={"patch": 48, "patches": 1, "repeats": 1})
    assert record["status"] == "DONE", record["details"]
    versions = labelled.get("/info/").json["train_stats"]["nodule_detection"]
    compared = versions["versions"][1]["comparison"]
    assert (compared["metric"], compared["training_items"] + compared["validation_items"]) == ("cpm", 3)
    assert versions["served"] == (1 if compared["trained"] >= compared["served"] else 0)
    again = labelled.infer("nodule_detection", "second", {"score": 0.5})
    assert again.json["models"][-1] == {**again.json["models"][-1], "stage": "nodule_detection", "number": versions["served"]}


def test_grading_rates_what_a_reader_marked(labelled: LabelClient, chests: dict[str, SmallChest]) -> None:
    answer = labelled.infer("nodule_grading", "first")
    rated = answer.json["ratings"]
    assert [one["label"] for one in rated] == [1, 2]
    for one, center in zip(rated, chests["first"].centers_lps_mm, strict=True):
        assert np.linalg.norm(np.subtract(one["center_lps_mm"], center)) < 2.0
        assert 1 <= one["malignancy"] <= 5
        assert one["probability"] > 0.5
        assert {"spiculation", "texture", "calcification"} <= set(one)
    assert [f"malignancy {one['malignancy']:.1f}" in name for one, name in zip(rated, answer.json["label_names"], strict=True)] == [
        True,
        True,
    ]
    record = labelled.train("nodule_grading", max_epochs=2)
    assert record["status"] == "DONE", record["details"]
    versions = labelled.get("/info/").json["train_stats"]["nodule_grading"]
    assert versions["versions"][1]["comparison"]["metric"] == "malignancy_auc"
    again = labelled.infer("nodule_grading", "first")
    assert again.json["models"][-1]["number"] == versions["served"]


def test_ohif_submits_bare_bytes(client: LabelClient, chests: dict[str, SmallChest]) -> None:
    truth = chests["second"]
    saved = client.save_label("second", "label.bin", truth.nodules.tobytes(order="F"), {"label_info": NODULES, "client_id": "ben"})
    assert (saved.status, saved.json["violations"]) == (200, [])
    short = client.save_label("second", "label.bin", b"\x01" * 10, {"label_info": NODULES, "client_id": "ben"})
    assert short.status == 422
    assert "one byte per voxel" in short.json["detail"]


def test_readers_who_disagree_are_listed(labelled: LabelClient, chests: dict[str, SmallChest], state: Path, tmp_path: Path) -> None:
    only_one = np.where(chests["first"].nodules == 1, 1, 0).astype(np.uint8)
    params = {"label_info": NODULES, "client_id": "carla", "ratings": {"1": {"malignancy": 1}}}
    assert labelled.save_label("first", "label.nii.gz", label_map(only_one, chests["first"], tmp_path), params).status == 200
    assert labelled.score("readers")["status"] == "DONE"
    listed = json.loads((state / "disagreements.json").read_text())["first"]
    assert [one["what"] for one in listed] == ["their ratings of malignancy differ", "only one reader marked it"]
    assert listed[0]["ratings"] in ([5, 1], [1, 5])
    params |= {"client_id": "anna", "ratings": RATINGS}
    again = label_map(chests["first"].nodules, chests["first"], tmp_path)
    assert labelled.save_label("first", "label.nii.gz", again, params).status == 200


def test_broken_rules_come_back_with_the_label_and_are_listed(
    labelled: LabelClient, chests: dict[str, SmallChest], state: Path, tmp_path: Path
) -> None:
    wrong = chests["third"].nodules.copy()
    wrong[2:5, 2:5, 2:5] = 3  # in the air beside the patient
    told = labelled.save_label(
        "third", "label.nii.gz", label_map(wrong, chests["third"], tmp_path), {"label_info": NODULES, "client_id": "dora"}
    )
    assert {violation["rule"] for violation in told.json["violations"]} >= {"outside-lungs", "no-tissue"}
    assert labelled.score("annotation_rules")["status"] == "DONE"
    listed = json.loads((state / "violations.json").read_text())
    assert "outside-lungs" in {violation["rule"] for violation in listed["third"]}
    assert listed["first"] == []


def test_what_was_labelled_can_be_checked_and_reviewed(labelled: LabelClient, state: Path, tmp_path: Path) -> None:
    datalist = state / "annotations" / "scans.json"
    assert run(["data", "check", str(datalist), "--quiet"]) == 0
    assert run(["data", "review", str(datalist), "-o", str(tmp_path / "pages"), "--quiet"]) == 0
    assert (tmp_path / "pages" / "index.html").is_file()


def test_strategies_choose_by_their_scores(labelled: LabelClient, state: Path) -> None:
    early = labelled.post("/activelearning/uncertainty").json
    assert "No scan has a score" in early["reason"]
    assert labelled.score("acquisition")["status"] == "DONE"
    scored = json.loads((state / "scores.json").read_text())["studies"]
    assert len(scored) == 1 and not set(scored) & {*STUDIES, "third", "broken"}  # the one study that is neither labelled nor broken
    for strategy in ("uncertainty", "disagreement"):
        chosen = labelled.post(f"/activelearning/{strategy}", {"client_id": "anna"}).json
        assert chosen["id"] == max(scored, key=lambda study: scored[study][strategy])
        assert chosen["weight"] == pytest.approx(scored[chosen["id"]][strategy], abs=1e-4)
        assert Path(chosen["path"]).is_file()
    assert labelled.post("/activelearning/random").json["id"] in {*scored, "broken"}


def test_a_version_is_rolled_back_while_the_server_runs(labelled: LabelClient, studies: Path, state: Path) -> None:
    before = labelled.served("lung_segmentation")
    assert run(["label", "--studies", str(studies), "--state", str(state), "--quiet", "use", "lung_segmentation", "0"]) == 0
    assert labelled.infer("lung_segmentation", "first").json["models"][0]["number"] == 0
    assert run(["label", "--studies", str(studies), "--state", str(state), "--quiet", "roll-back", "lung_segmentation"]) == 0
    assert labelled.infer("lung_segmentation", "first").json["models"][0]["number"] == before


def test_errors_are_told_and_the_server_goes_on(client: LabelClient, chests: dict[str, SmallChest], tmp_path: Path) -> None:
    def refused(reply: Any, status: int, *words: str) -> None:
        assert reply.status == status, reply.json
        assert all(word in reply.json["detail"] for word in words), reply.json

    refused(client.infer("lung_segmentation", "broken"), 422, "broken.nii.gz", "export it again")
    refused(client.infer("liver", "first"), 404, "liver: no such model", "lung_segmentation")
    refused(client.infer("scan", "fifth"), 404, "fifth: no such image")
    refused(client.post("/train/liver"), 404, "liver: no such model")
    refused(client.post("/activelearning/oldest"), 404, "oldest: no such strategy", "uncertainty")
    refused(client.infer("nodule_click", "first", {"foreground": [[500, 0, 0]]}), 422, "outside of the image")
    refused(client.infer("nodule_click", "first", {"foreground": "here"}), 422, "list of points")
    smaller = chests["first"].lungs[:-1]
    refused(
        client.save_label("first", "label.nii.gz", label_map(smaller, chests["first"], tmp_path), {"label_info": LUNGS}),
        422,
        "does not lie on its image's grid",
        "95 x 72 x 72",
    )
    moved = tmp_path / "moved.nii.gz"
    affine = chests["first"].ct.affine_lps + np.array([[0, 0, 0, 5.0]] + [[0.0] * 4] * 3)
    write_label_map(chests["first"].lungs, affine, moved)
    refused(client.save_label("first", "label.nii.gz", moved.read_bytes(), {"label_info": LUNGS}), 422, "elsewhere")
    refused(client.save_label("fifth", "label.nii.gz", moved.read_bytes(), {}), 404, "fifth")
    refused(client.save_label("first", "label.nii.gz", b"no image", {}), 422, "cannot be read")
    refused(client.infer_file("scan", moved), 422, "Hounsfield")
    assert client.get("/info/").status == 200
    assert client.infer("lung_segmentation", "first").status == 200


def test_the_command_serves_and_ctrl_c_ends_it_with_its_server(chests: dict[str, SmallChest], tmp_path: Path) -> None:
    """As a person starts it, with a folder beside them; and a training without labels says what is missing."""
    environment = environment_folder()
    if not is_ready(environment):
        pytest.skip("the label server's environment is not there (make label-env)")
    (tmp_path / "scans").mkdir()
    write_nifti(chests["first"].ct, tmp_path / "scans" / "first.nii.gz")
    address = f"http://127.0.0.1:{(port := free_port())}"
    options = ["--studies", "scans", "--port", str(port), "--device", "cpu", "--no-scores", "--environment", str(environment)]
    with subprocess.Popen([*COMMAND, "label", *options], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as label:
        assert label.stdout is not None
        told = label.stdout.readline()  # when the server answers
        try:
            record = LabelClient(address).train("nodule_detection", max_epochs=1)
            busy = subprocess.run([*COMMAND, "label", *options], cwd=tmp_path, capture_output=True, text=True, check=False)
        finally:
            label.send_signal(signal.SIGINT)
        rest = label.stdout.read()
    assert told == f"{tmp_path / 'scans'} is served at {address}; Ctrl-C stops.\n"
    assert f"Labels, versions and logs: {tmp_path / 'scans' / '.nodulescope-label'}" in rest
    assert record["status"] == "ERROR"
    assert "marked nodules" in record["details"][-1] and "at least two patients" in record["details"][-1]
    assert busy.returncode == 2
    assert busy.stderr.splitlines()[-1] == f"nodulescope: --port {port}: another program listens there; choose another port"
    assert label.returncode == 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{address}/info/", timeout=5)


def test_a_pacs_is_the_source_and_gets_the_segmentation(
    orthanc_with: Callable[..., Any], chests: dict[str, SmallChest], tmp_path: Path
) -> None:
    plugin = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
    if not plugin.exists():
        pytest.skip("Orthanc's DICOMweb plug-in is not installed (Debian package orthanc-dicomweb)")
    pacs = orthanc_with(Plugins=[str(plugin)], DicomWeb={"Enable": True, "Root": "/dicom-web/"})
    pacs.start()
    series = tmp_path / "series"
    write_ct_series(chests["first"].ct, series, patient_id="P1", patient_name="Phantom^One")
    for file in series.iterdir():
        pacs.store(file.read_bytes())
    uid = str(pydicom.dcmread(next(series.iterdir())).SeriesInstanceUID)
    with serving(f"http://127.0.0.1:{pacs.http_port}/dicom-web", tmp_path / "state") as client:
        chosen = client.post("/activelearning/random").json
        assert chosen["id"] == uid
        answer = client.infer("lung_segmentation", uid, {"result_extension": ".nii.gz"})
        labels, affine = values_of(answer.content, tmp_path)
        np.testing.assert_allclose(affine, chests["first"].ct.affine_lps, atol=1e-3)
        assert dice(labels > 0, chests["first"].lungs > 0) > 0.7
        missing = client.infer("lung_segmentation", "1.2.3.4")
        assert (missing.status, "1.2.3.4" in missing.json["detail"]) == (404, True)
        before = set(pacs.instances())
        corrected = label_map(chests["first"].lungs, chests["first"], tmp_path)
        saved = client.save_label(uid, "label.nii.gz", corrected, {"label_info": LUNGS, "client_id": "anna"})
        assert (saved.status, saved.json["violations"]) == (200, [])
        assert client.post("/activelearning/random").json == {}
        (new,) = set(pacs.instances()) - before
    file = tmp_path / "stored.dcm"
    file.write_bytes(pacs.file(new))
    stored = pydicom.dcmread(file)
    assert (stored.Modality, stored.PatientID) == ("SEG", "P1")
    assert str(stored.ReferencedSeriesSequence[0].SeriesInstanceUID) == uid
    told = [(s.SegmentLabel, s.SegmentedPropertyTypeCodeSequence[0].CodeMeaning) for s in stored.SegmentSequence]
    assert told == [("right lung", "Lung"), ("left lung", "Lung")]
    assert int(stored.pixel_array.sum()) == int(np.count_nonzero(chests["first"].lungs))


def test_the_shipped_bundles_are_as_they_were(labelled: LabelClient) -> None:
    from nodulescope.apps.cli.info import describe_bundle
    from nodulescope.bundles.predictors import STAGES, find_bundle

    assert {stage: describe_bundle(stage)["weights"] for stage in STAGES} == dict.fromkeys(STAGES, "match")
    for stage in STAGES:
        assert [file.name for file in (find_bundle(stage) / "models").iterdir()] == ["model.pt"]
