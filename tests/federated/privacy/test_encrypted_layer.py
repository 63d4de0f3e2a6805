import copy

import numpy as np
import pytest
import tenseal

from nodulescope.federated.privacy.encrypted_layer import EncryptedLayer
from nodulescope.federated.server.running_mean import RunningMean


@pytest.fixture(scope="module")
def keys():
    """As NVFlare's HEBuilder makes them with the coefficients of our kits: the sites' context, and the server's without the secret key."""
    site = tenseal.context(
        tenseal.SCHEME_TYPE.CKKS, 8192, coeff_mod_bit_sizes=[60, 40, 40, 60], encryption_type=tenseal.ENCRYPTION_TYPE.SYMMETRIC
    )
    site.generate_relin_keys()
    site.global_scale = 2**40
    server = tenseal.context_from(
        site.serialize(save_public_key=False, save_secret_key=False, save_galois_keys=False, save_relin_keys=True)
    )
    return site, server


def _sent(values, keys):
    """A site's layer as the server gets it."""
    site, server = keys
    return EncryptedLayer.from_bytes(EncryptedLayer.encrypt(values, site).to_bytes(), server)


def _read(layer, keys):
    site, _ = keys
    return EncryptedLayer.from_bytes(layer.to_bytes(), site).decrypt(site.secret_key())


def test_the_server_cannot_read(keys):
    _, server = keys
    layer = _sent(np.ones(4), keys)
    with pytest.raises(ValueError, match="Secret key"):
        layer.decrypt(server.secret_key())


def test_a_layer_comes_back_as_it_was(keys):
    values = np.random.default_rng(0).normal(0, 0.1, (3, 5, 7)).astype(np.float32)
    np.testing.assert_allclose(_read(_sent(values, keys), keys), values, atol=1e-6)


def test_layers_larger_than_one_ciphertext(keys):
    values = np.random.default_rng(1).normal(0, 0.1, 9001).astype(np.float32)
    np.testing.assert_allclose(_read(_sent(values, keys), keys), values, atol=1e-6)


def test_rounds_of_weighted_means_are_those_of_plain_numbers(keys):
    rng = np.random.default_rng(2)
    weights = plain = rng.normal(0, 1, (4, 6)).astype(np.float32)
    cases = {"north": 31.0, "south": 7.0, "west": 112.0}
    for number in range(4):
        arriving = list(cases) if number % 2 else list(reversed(cases))  # the first to arrive decides about the factors
        changes = {site: rng.normal(0, 0.1, (4, 6)).astype(np.float32) for site in arriving}
        mean = RunningMean()
        for site in arriving:
            mean.add({"w": _sent(changes[site], keys)}, cases[site])
        weights = weights + mean.mean()["w"]
        plain = plain + np.average([changes[site] for site in arriving], axis=0, weights=[cases[site] for site in arriving])
    np.testing.assert_allclose(_read(weights, keys), plain, atol=2e-5)


def test_plain_factors_cost_no_level(keys):
    layer = _sent(np.full(3, 2.0), keys)
    for _ in range(10):
        layer = layer * 0.5
    np.testing.assert_allclose(_read(1024.0 * layer, keys), 2.0, atol=1e-5)


def test_nvflare_may_copy_a_task_that_holds_one(keys):
    layer = _sent(np.ones(3), keys)
    assert copy.deepcopy({"w": layer})["w"] is layer


def test_other_bytes_are_refused(keys):
    with pytest.raises(ValueError, match="not an encrypted layer"):
        EncryptedLayer.from_bytes(b"weights", keys[1])
