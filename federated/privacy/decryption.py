"""At a site: the readable form of weights that a federation with encrypted layers left behind."""

from __future__ import annotations

from pathlib import Path

import torch

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.predictors.stages import find_bundle
from nodulescope.federated.privacy.encrypted_layer import SUFFIX, EncryptedLayer

KEYS = "client_context.tenseal"
"""In the startup folder of a site's kit."""


def decrypt_weights(weights: Path, kit: Path) -> dict[str, torch.Tensor]:
    """Decrypt a state dict.

    Args:
        weights: as the server left them.
        kit: a site's startup kit; every site of a federation has the same keys.

    Returns:
        The whole state dict.

    Raises:
        InputError: the kit has no secret key, or the weights are not of its federation.
    """
    import tenseal

    file = kit / "startup" / KEYS
    if not file.is_file():
        raise InputError(f"{kit}: has no secret key (startup/{KEYS}); name the startup kit of a site")
    context = tenseal.context_from(file.read_bytes())
    opened: dict[str, torch.Tensor] = {}
    for name, value in torch.load(weights, map_location="cpu", weights_only=True).items():
        if name.endswith(SUFFIX):
            try:
                layer = EncryptedLayer.from_bytes(value.numpy().tobytes(), context)
                opened[name.removesuffix(SUFFIX)] = torch.from_numpy(layer.decrypt(context.secret_key()))
            except (RuntimeError, ValueError) as error:  # TenSEAL's words
                raise InputError(f"{weights}: {name.removesuffix(SUFFIX)} cannot be decrypted with the keys of {kit.name}") from error
        else:
            opened[name] = value
    return opened


def decrypt_result(result: Path, kit: Path) -> Path:
    """Make the bundle of a federation with encrypted layers.

    Args:
        result: folder with its ledger and weights.
        kit: a site's startup kit.

    Returns:
        Folder of the bundle, in ``result``.

    Raises:
        InputError: there is no such result, or it cannot be decrypted with this kit.
        BundleError: the bundle that was trained is not installed here.
    """
    from nodulescope.federated.ledger.ledger import FILE, read_ledger
    from nodulescope.federated.result_bundle import FOLDER, write_result_bundle
    from nodulescope.federated.server.run_state import BEST, LAST

    kept = next((result / name for name in (BEST, LAST) if (result / name).is_file()), None)
    if kept is None or not (result / FILE).is_file():
        raise InputError(f"{result}: holds no result of a federation (its ledger and weights)")
    ledger = read_ledger(result)
    opened = result / f"{kept.stem}-decrypted.pt"
    torch.save(decrypt_weights(kept, kit), opened)
    return write_result_bundle(find_bundle(ledger.settings.bundle), result / FOLDER, opened, ledger)
