from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from nodulescope.apps.cli.main import run
from nodulescope.apps.cli.train import bundle_folder, monai_command, parse_changes, training_config
from nodulescope.bundles.data.smoke_datalist import smoke_datalist
from nodulescope.bundles.errors import BundleError, UsageError
from nodulescope.bundles.predictors import STAGES, find_bundle

CONFIG = """
imports: ["$import json", "$from pathlib import Path"]
datalist: none
output_dir: none
epochs: 1
learning_rate: 0.1
values: "$dict(datalist=@datalist, out=@output_dir, epochs=@epochs, rate=@learning_rate, root=@bundle_root)"
run: "$Path(@bundle_root, 'record.json').write_text(json.dumps(@values))"
"""
"""A training configuration that writes down what it was told."""


FAILING = """
from ignite.engine import Engine
from nodulescope.bundles.errors import BundleError


def step(engine, batch):
    raise BundleError("best.pt: these weights do not fit") from ValueError("Missing keys")


def train(*_):
    Engine(step).run([0])
"""
"""A training that logs and raises as MONAI's trainers do."""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "own_bundle"
    (folder / "configs").mkdir(parents=True)
    (folder / "configs" / "metadata.json").write_text("{}", encoding="utf-8")
    (folder / "configs" / "train.yaml").write_text(CONFIG, encoding="utf-8")
    return folder


def test_options_files_and_single_values_reach_the_configuration(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "override.yaml").write_text("learning_rate: 0.5\nepochs: 9\n", encoding="utf-8")
    options = ["--datalist", "my/list.json", "--epochs", "3", "--output", "out", "--config", "override.yaml"]
    assert run(["train", str(bundle), *options]) == 0
    record = json.loads((bundle / "record.json").read_text(encoding="utf-8"))
    assert record == {
        "datalist": str(tmp_path / "my" / "list.json"),
        "out": str(tmp_path / "out"),
        "epochs": 3,
        "rate": 0.5,
        "root": str(bundle),
    }
    command = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("python -m monai.bundle run --config_file "))
    assert f"--datalist {tmp_path / 'my' / 'list.json'} --epochs 3 --output_dir {tmp_path / 'out'} --bundle_root {bundle}" in command


def test_a_single_value_wins_over_everything(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["train", str(bundle), "--set", "learning_rate=0.25", "--set", "datalist=d.json", "--quiet"]) == 0
    record = json.loads((bundle / "record.json").read_text(encoding="utf-8"))
    assert (record["rate"], record["datalist"], record["out"]) == (0.25, "d.json", str(tmp_path / "runs" / "own_bundle"))


def test_what_an_overriding_file_sets_is_no_longer_a_default(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "override.yaml").write_text("datalist: theirs.json\noutput_dir: there\n", encoding="utf-8")
    assert run(["train", str(bundle), "--config", "override.yaml", "--quiet"]) == 0
    record = json.loads((bundle / "record.json").read_text(encoding="utf-8"))
    assert (record["datalist"], record["out"]) == ("theirs.json", "there")
    assert run(["train", str(bundle), "--config", "override.yaml", "--output", "mine", "--quiet"]) == 0
    assert json.loads((bundle / "record.json").read_text(encoding="utf-8"))["out"] == str(tmp_path / "mine")


HARVEST = """
score: 0.2
harvest: "$[min(1, Path(@harvested).write_text(json.dumps(dict(datalist=@datalist, weights=@start_from, score=@score))))]"
"""
"""A configuration that collects mistakes; it writes down what it was told."""


@pytest.fixture
def bundle_in_rounds(bundle: Path) -> Path:
    config = CONFIG.replace("epochs=@epochs", "epochs=@epochs, start=@start_from") + 'start_from: ""\n'
    (bundle / "configs" / "train.yaml").write_text(config, encoding="utf-8")
    (bundle / "configs" / "harvest.yaml").write_text(HARVEST, encoding="utf-8")
    (bundle / "configs" / "round2.yaml").write_text("learning_rate: 0.01\nepochs: 5\n", encoding="utf-8")
    return bundle


def record_of(bundle: Path) -> dict[str, object]:
    record: dict[str, object] = json.loads((bundle / "record.json").read_text(encoding="utf-8"))
    return record


def test_a_second_round_collects_mistakes_and_trains_on_them(
    bundle_in_rounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "best.pt").touch()
    options = ["--datalist", "scans.json", "--output", "out"]
    assert run(["train", str(bundle_in_rounds), *options, "--round", "2", "--set", "score=0.4"]) == 0
    collected = json.loads((tmp_path / "out" / "scans_round2.json").read_text(encoding="utf-8"))
    assert collected == {"datalist": str(tmp_path / "scans.json"), "weights": str(tmp_path / "out" / "best.pt"), "score": 0.4}
    assert record_of(bundle_in_rounds) == {
        "datalist": str(tmp_path / "out" / "scans_round2.json"),
        "out": str(tmp_path / "out" / "round2"),
        "epochs": 5,
        "start": str(tmp_path / "out" / "best.pt"),
        "rate": 0.01,
        "root": str(bundle_in_rounds),
    }
    printed = capsys.readouterr()
    commands = [line for line in printed.out.splitlines() if line.startswith("python -m monai.bundle run")]
    assert ["harvest.yaml" in command for command in commands] == [True, False]
    assert ["round2.yaml" in command for command in commands] == [False, True]
    assert "[1/1] Collecting mistakes in the training scans" in printed.err

    (tmp_path / "out" / "round2").mkdir()
    (tmp_path / "out" / "round2" / "best.pt").touch()
    assert run(["train", str(bundle_in_rounds), "--output", "out", "--round", "3", "--epochs", "2", "-q"]) == 0
    collected = json.loads((tmp_path / "out" / "scans_round3.json").read_text(encoding="utf-8"))
    assert collected["datalist"] == str(tmp_path / "out" / "scans_round2.json")  # it names the mistakes of the first round
    third = record_of(bundle_in_rounds)
    assert (third["start"], third["epochs"]) == (str(tmp_path / "out" / "round2" / "best.pt"), 2)


def test_a_second_round_may_begin_with_any_weights(bundle_in_rounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.pt").touch()
    (tmp_path / "out").mkdir()
    options = ["--datalist", "scans.json", "--output", "out", "--round", "2", "--set", "start_from=mine.pt", "-q"]
    assert run(["train", str(bundle_in_rounds), *options]) == 0
    assert record_of(bundle_in_rounds)["start"] == str(tmp_path / "mine.pt")


def test_a_second_round_needs_a_first_one(
    bundle_in_rounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["train", str(bundle_in_rounds), "--datalist", "scans.json", "--output", "out", "--round", "2", "-q"]) == 2
    told = f"nodulescope: --round 2: {tmp_path / 'out' / 'best.pt'}, the weights of round 1, are not there; train that round first"
    assert capsys.readouterr().err.startswith(told)
    (tmp_path / "smoke.yaml").write_text("output_dir: $@bundle_root\n", encoding="utf-8")
    assert run(["train", str(bundle_in_rounds), "--config", "smoke.yaml", "--round", "2", "-q"]) == 2
    assert "name the folder of the first round with --output DIR" in capsys.readouterr().err
    (bundle_in_rounds / "configs" / "harvest.yaml").unlink()
    assert run(["train", str(bundle_in_rounds), "--round", "2", "-q"]) == 2
    assert "own_bundle is trained in one round" in capsys.readouterr().err


@pytest.mark.slow
def test_a_shipped_bundle_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datalist = smoke_datalist("cubes/datalist.json", tmp_path / "data")
    smoke = find_bundle("nodule_grading") / "configs" / "smoke.yaml"
    monkeypatch.chdir(tmp_path)
    options = ["--config", str(smoke), "--datalist", datalist, "--output", "trained", "--epochs", "1", "--quiet"]
    assert run(["train", "nodule_grading", *options]) == 0
    weights = torch.load(tmp_path / "trained" / "best.pt", map_location="cpu", weights_only=True)
    assert all(torch.isfinite(value).all() for value in weights.values())


def test_an_option_that_a_bundle_does_not_know_is_refused(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = bundle / "configs" / "train.yaml"
    config.write_text(CONFIG.replace("datalist: none", "data_list_file_path: none"), encoding="utf-8")
    assert run(["train", str(bundle), "--datalist", "d.json"]) == 2
    assert capsys.readouterr().err == f"nodulescope: {config}: has no 'datalist'; name the bundle's own key with --set KEY=VALUE\n"


@pytest.mark.parametrize("content", ["a: [", "run: 1\ninitialize: $1/0\ndatalist: d\noutput_dir: o\n"])
def test_a_configuration_that_cannot_be_set_up_ends_with_exit_4(content: str, bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bundle / "configs" / "train.yaml").write_text(content, encoding="utf-8")
    assert run(["train", str(bundle), "-q"]) == 4
    err = capsys.readouterr().err
    assert "train.yaml" in err
    assert err.count("\n") == 1


def test_a_missing_datalist_ends_with_exit_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "nodule_grading", "--datalist", str(tmp_path / "absent.json"), "--output", str(tmp_path), "-q"]) == 3
    assert f"{tmp_path / 'absent.json'}: there is no such datalist" in capsys.readouterr().err


@pytest.mark.parametrize("quiet", [["-q"], []])
def test_an_error_while_training_is_told_without_a_traceback(
    quiet: list[str], bundle: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    failing = CONFIG.replace("$import json", "$from test_train_failing import train").replace("$Path(@bundle_root", "$train(@bundle_root")
    (bundle / "configs" / "train.yaml").write_text(failing.replace(".write_text(json.dumps(@values))", ""), encoding="utf-8")
    (tmp_path / "test_train_failing.py").write_text(FAILING, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert run(["train", str(bundle), *quiet]) == 4
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert err.endswith("nodulescope: best.pt: these weights do not fit\n")
    assert err.count("\n") == 1 or not quiet


def test_bundles_are_named_by_stage_or_folder(bundle: Path, tmp_path: Path) -> None:
    assert bundle_folder(str(bundle)) == bundle
    assert [bundle_folder(stage) for stage in STAGES] == [find_bundle(stage).resolve() for stage in STAGES]
    with pytest.raises(UsageError, match="neither a bundle's folder"):
        bundle_folder(str(tmp_path))


def test_a_bundle_without_training_configuration_is_told(bundle: Path) -> None:
    assert training_config(bundle).name == "train.yaml"
    (bundle / "configs" / "train.yaml").rename(bundle / "configs" / "train.json")
    assert training_config(bundle).name == "train.json"
    (bundle / "configs" / "train.json").unlink()
    with pytest.raises(BundleError, match=r"has no configs/train\.yaml"):
        training_config(bundle)


def test_values_are_yaml() -> None:
    texts = ["a=2", "b=true", "c=[1, 2]", "d#e=$@a * 2", "f=x=y", "g="]
    assert parse_changes(texts) == {"a": 2, "b": True, "c": [1, 2], "d#e": "$@a * 2", "f": "x=y", "g": None}


@pytest.mark.parametrize(("text", "value"), [("1e-4", 1e-4), ("2.5E3", 2500.0), ("-1.e+2", -100.0), (".5e1", 5.0)])
def test_numbers_may_be_written_as_people_write_them(text: str, value: float) -> None:
    assert parse_changes([f"learning_rate={text}"]) == {"learning_rate": value}


@pytest.mark.parametrize("text", ["e5", "1e", "1e5mm", "x1e5"])
def test_texts_that_look_a_little_like_numbers_stay_texts(text: str) -> None:
    assert parse_changes([f"name={text}"]) == {"name": text}


@pytest.mark.parametrize("text", ["a", "=1", "a=[1"])
def test_wrong_values_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--set"):
        parse_changes([text])


def test_the_monai_command_is_quoted_for_a_shell() -> None:
    command = monai_command([Path("a b/train.yaml"), Path("o.yaml")], {"epochs": 2, "lr": "$1 / 2"})
    assert command == """python -m monai.bundle run --config_file '['"'"'a b/train.yaml'"'"', '"'"'o.yaml'"'"']' --epochs 2 --lr '$1 / 2'"""
