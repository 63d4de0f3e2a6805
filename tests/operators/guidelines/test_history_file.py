from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.operators.guidelines.history import PatientHistory, Risk, Sex, Smoking
from nodulescope.operators.guidelines.history_file import read_history

ALL = PatientHistory(63.0, Sex.FEMALE, True, False, Smoking.FORMER, False, False, Risk.HIGH)


def write(folder: Path, text: str, name: str = "patient.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_yaml_and_json_say_the_same(tmp_path: Path) -> None:
    yaml_text = "age: 63\nsex: female\nfamily_history: true\nemphysema: no\nsmoking: former\n"
    yaml_text += "known_cancer: false\nimmunosuppressed: false\ncancer_risk: high\n"
    json_text = '{\n\t"age": 63, "sex": "female", "family_history": true, "emphysema": false, "smoking": "former",\n'
    json_text += '\t"known_cancer": false, "immunosuppressed": false, "cancer_risk": "high"}'
    assert read_history(write(tmp_path, yaml_text)) == ALL
    assert read_history(write(tmp_path, json_text, "patient.JSON")) == ALL
    assert None not in [getattr(ALL, field.name) for field in fields(ALL)]  # every field has its key


def test_null_and_absent_are_unknown(tmp_path: Path) -> None:
    assert read_history(write(tmp_path, "age:\nsex: null\n")) == PatientHistory()
    assert read_history(write(tmp_path, "{}", "none.json")) == PatientHistory()
    assert read_history(write(tmp_path, "age: 61.5")).age == 61.5


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        ("", "p.yaml", "must hold keys and values, for example age: 63; the keys are age, sex,"),
        ("- age: 63\n", "p.yaml", "must hold keys and values"),
        ("63", "p.json", "must hold keys and values"),
        ("weight: 80\n", "p.yaml", "there is no key 'weight'; the keys are age, sex, family_history"),
        ("age: old\n", "p.yaml", "age must be a number of years from 0 to 120, not 'old'; leave it out"),
        ("age: 130\n", "p.yaml", "age must be a number of years from 0 to 120, not 130"),
        ("age: .nan\n", "p.yaml", "age must be a number of years from 0 to 120, not nan"),
        ("age: true\n", "p.yaml", "age must be a number of years from 0 to 120, not True"),
        ("sex: F\n", "p.yaml", "sex must be female or male, not 'F'"),
        ("sex: [female]\n", "p.yaml", "sex must be female or male, not ['female']"),
        ("smoking: sometimes\n", "p.yaml", "smoking must be never or former or current, not 'sometimes'"),
        ("emphysema: 1\n", "p.yaml", "emphysema must be true or false, not 1"),
        ("known_cancer: 'a\\nb'\n", "p.yaml", "known_cancer must be true or false"),
        ("cancer_risk: medium\n", "p.yaml", "cancer_risk must be low or high, not 'medium'"),
        ("age: 6\nsex: [\n", "p.yaml", "is not valid YAML (line 3); write one 'key: value' per line"),
        ("age: 2020-13-45\n", "p.yaml", "is not valid YAML"),
        ('{"age": 63,\n}', "p.json", "is not valid JSON (line 2: "),
        ("age: 63", "p.json", "is not valid JSON (line 1: "),
        ("[" * 100_000, "p.json", "is not valid JSON"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(text: str, name: str, told: str, tmp_path: Path) -> None:
    file = write(tmp_path, text, name)
    with pytest.raises(InputError) as refused:
        read_history(file)
    assert str(refused.value).startswith(f"{file}: {told}")
    assert "\n" not in str(refused.value)


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.yaml: No such file or directory; give a JSON or YAML file"):
        read_history(tmp_path / "absent.yaml")
    with pytest.raises(InputError, match="Is a directory; give a JSON or YAML file"):
        read_history(tmp_path)
    (tmp_path / "latin.yaml").write_bytes("sex: wéiblich".encode("latin-1"))
    with pytest.raises(InputError, match=r"latin\.yaml: is no text in UTF-8"):
        read_history(tmp_path / "latin.yaml")
