from __future__ import annotations

import json
from typing import Any

import pytest

from nodulescope.bundles.errors import UsageError
from nodulescope.federated.settings import JobSettings

SHA256 = "0" * 64


def job(**values: Any) -> JobSettings:
    return JobSettings(**{"bundle": "nodule_grading", "bundle_sha256": SHA256, "sites": ("north", "south", "west"), **values})


def test_settings_survive_their_way_through_a_jobs_files() -> None:
    settings = job(algorithm="fedopt", overrides={"batch_size": 2, "patch": [1, 2]}, kept_at_site=("a.*",), privacy={"gaussian": {}})
    assert JobSettings.from_json(json.loads(json.dumps(settings.to_json()))) == settings


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"algorithm": "fedsgd"}, "no such algorithm"),
        ({"wire": "quarter"}, "no such wire precision"),
        ({"start": "../secret.pt"}, "server's local folder"),
        ({"start": "/etc/weights.pt"}, "server's local folder"),
        ({"sites": ("north", "north")}, "named twice"),
        ({"sites": ("north hospital", "south")}, "letters, digits"),
        ({"sites": ("north",)}, "1 site(s) are named but 2 are needed"),
        ({"rounds": 0}, "rounds is 0"),
        ({"round_timeout_s": 0}, "round_timeout_s is 0"),
        ({"configs": ("../../train.yaml",)}, "configs folder"),
        ({"algorithm": "scaffold", "privacy": {"gaussian": {}}}, "which privacy would falsify"),
    ],
)
def test_what_no_run_can_be_made_of_is_refused(values: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as error:
        job(**values)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("learning_rate", "$__import__('os').system('true')"),
        ("datalist", "@bundle_root"),
        ("train#handlers", [{"_target_": "os.system"}]),
        ("train#trainer#_target_", "os.system"),
        ("nested", ["fine", "$not fine"]),
        ("network_def#channels", [1, 2, 3, 4]),
    ],
)
def test_a_job_brings_no_code_to_a_site(key: str, value: Any) -> None:
    with pytest.raises(UsageError, match=r"plain values only|the network is the bundle"):
        job(overrides={key: value})


def test_the_longest_time_counts_every_wait() -> None:
    assert job(rounds=2, join_timeout_s=10, round_timeout_s=100).longest_s == 2 * 10 + (2 + 3 + 1) * 100
    longer = job(rounds=2, join_timeout_s=10, round_timeout_s=100, algorithm="cyclic", cross_site=True)
    assert longer.longest_s == 2 * 10 + (6 + 6 + 1) * 100
