import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.federated.provisioning.allow_list import AllowList, read_allow_list


def test_without_a_file_nothing_is_allowed(tmp_path):
    assert read_allow_list(tmp_path / "nodulescope-allowed.json") == AllowList({}, statistics=False)


def test_what_is_written_is_read(tmp_path):
    allowed = AllowList({"nodule_grading": ("a" * 64, "0" * 64)}, statistics=True)
    allowed.write(tmp_path / "nodulescope-allowed.json")
    assert read_allow_list(tmp_path / "nodulescope-allowed.json") == allowed


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not valid JSON"),
        ("[]", "nothing else"),
        ('{"bundels": {}}', "nothing else"),
        ('{"bundles": []}', "maps names"),
        ('{"statistics": "yes"}', "true or false"),
        ('{"bundles": {"nodule_grading": "*"}}', "nodule_grading needs a list of hashes"),
        ('{"bundles": {"nodule_grading": ["ab"]}}', "64 hexadecimal digits"),
    ],
)
def test_a_damaged_list_allows_nothing_and_says_so(tmp_path, content, words):
    path = tmp_path / "nodulescope-allowed.json"
    path.write_text(content)
    with pytest.raises(InputError, match=words):
        read_allow_list(path)
