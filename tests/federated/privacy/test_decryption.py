import json

import pytest
import tenseal
import torch

from nodulescope.bundles.errors import InputError
from nodulescope.federated.privacy.decryption import decrypt_result, decrypt_weights
from nodulescope.federated.privacy.encrypted_layer import SUFFIX, EncryptedLayer
from nodulescope.federated.wire.arrays import to_tensors


@pytest.fixture(scope="module")
def kits(tmp_path_factory):
    """Startup kits of two federations."""
    made = {}
    for name in ("own", "other"):
        context = tenseal.context(tenseal.SCHEME_TYPE.CKKS, 8192, coeff_mod_bit_sizes=[60, 40, 40, 60])
        context.global_scale = 2**40
        kit = tmp_path_factory.mktemp(name)
        (kit / "startup").mkdir()
        (kit / "startup" / "client_context.tenseal").write_bytes(context.serialize(save_secret_key=True))
        made[name] = (kit, context)
    return made


@pytest.fixture
def weights(kits, tmp_path):
    """A file as the server leaves it: one layer encrypted, one not."""
    _, context = kits["own"]
    values = {
        "heads.weight": EncryptedLayer.encrypt(torch.arange(6.0).reshape(2, 3).numpy(), context),
        "features.bias": torch.ones(3).numpy(),
    }
    torch.save(to_tensors(values), tmp_path / "last.pt")
    return tmp_path / "last.pt"


def test_a_site_reads_what_the_server_could_not(kits, weights):
    assert f"heads.weight{SUFFIX}" in torch.load(weights, weights_only=True)
    opened = decrypt_weights(weights, kits["own"][0])
    torch.testing.assert_close(opened["heads.weight"], torch.arange(6.0).reshape(2, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(opened["features.bias"], torch.ones(3))


def test_a_kit_without_the_key_is_refused(weights, tmp_path):
    with pytest.raises(InputError, match="has no secret key"):
        decrypt_weights(weights, tmp_path)


def test_another_result_than_a_federations_is_refused(kits, tmp_path):
    (tmp_path / "participation.json").write_text(json.dumps({}))
    with pytest.raises(InputError, match="holds no result of a federation"):
        decrypt_result(tmp_path, kits["own"][0])
