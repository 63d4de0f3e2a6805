"""Where encryption enters: sites encrypt what they send and decrypt what they get; the server can do neither."""

from __future__ import annotations

import re
from typing import Any

from nvflare.apis.dxo import DXO, DataKind
from nvflare.apis.dxo_filter import DXOFilter
from nvflare.apis.fl_context import FLContext
from nvflare.apis.shareable import Shareable

from nodulescope.bundles.errors import InputError
from nodulescope.federated.privacy.encrypted_layer import EncryptedLayer, is_packed
from nodulescope.federated.wire.tasks import REPORT

KINDS = [DataKind.WEIGHTS, DataKind.WEIGHT_DIFF]

SITE_KEYS = "client_context.tenseal"
SERVER_CONTEXT = "server_context.tenseal"
"""What NVFlare's HEBuilder lays into the kits: the sites' has the secret key, the server's has not."""


class _WithContext(DXOFilter):
    """A filter that needs the keys of its own startup kit."""

    FILE = SITE_KEYS

    def __init__(self) -> None:
        super().__init__(supported_data_kinds=KINDS, data_kinds_to_filter=None)
        self._context: Any = None

    def context(self, fl_ctx: FLContext) -> Any:
        """The kit's keys; NVFlare compares the file with the kit's signature.

        Raises:
            InputError: the kit has none.
        """
        from nvflare.app_opt.he.homomorphic_encrypt import load_tenseal_context_from_workspace

        if self._context is None:
            try:
                self._context = load_tenseal_context_from_workspace(self.FILE, fl_ctx)
            except Exception as error:  # NVFlare raises several kinds
                raise InputError(f"{self.FILE}: not in this startup kit, or not as it was signed; provision with HEBuilder") from error
        return self._context


class EncryptResult(_WithContext):
    """At a site: encrypt the chosen layers of its update.

    Args:
        layers: regular expression of parameters' names.
    """

    def __init__(self, layers: str) -> None:
        super().__init__()
        self.layers = layers

    def process_dxo(self, dxo: DXO, shareable: Shareable, fl_ctx: FLContext) -> DXO:
        """The update with bytes in place of the chosen layers.

        Raises:
            InputError: no parameter has such a name; nothing is shared then.
        """
        chosen = {name for name in dxo.data if re.search(self.layers, name)}
        if not chosen:
            raise InputError(f"encrypted layers: no parameter of this bundle matches {self.layers!r}; nothing is shared")
        context = self.context(fl_ctx)
        dxo.data = {
            name: EncryptedLayer.encrypt(value, context).to_bytes() if name in chosen else value for name, value in dxo.data.items()
        }
        report = dict(dxo.get_meta_prop(REPORT) or {})
        told = {**(report.get("privacy") or {}), "encrypted_layers": len(chosen), "of_layers": len(dxo.data)}
        dxo.set_meta_prop(REPORT, {**report, "privacy": told})
        return dxo


class DecryptData(_WithContext):
    """At a site: decrypt what the server sends."""

    def process_dxo(self, dxo: DXO, shareable: Shareable, fl_ctx: FLContext) -> DXO:
        """The weights, all readable."""
        opened: dict[str, Any] = {}
        for name, value in dxo.data.items():
            if is_packed(value):
                context = self.context(fl_ctx)
                opened[name] = EncryptedLayer.from_bytes(value, context).decrypt(context.secret_key())
            else:
                opened[name] = value
        dxo.data = opened
        return dxo


class ReceiveEncrypted(_WithContext):
    """At the server: make bytes something that can be added up."""

    FILE = SERVER_CONTEXT

    def process_dxo(self, dxo: DXO, shareable: Shareable, fl_ctx: FLContext) -> DXO:
        """The update with encrypted layers in it."""
        dxo.data = {
            name: EncryptedLayer.from_bytes(value, self.context(fl_ctx)) if is_packed(value) else value for name, value in dxo.data.items()
        }
        return dxo


class SendEncrypted(DXOFilter):
    """At the server: encrypted layers leave as bytes."""

    def __init__(self) -> None:
        super().__init__(supported_data_kinds=KINDS, data_kinds_to_filter=None)

    def process_dxo(self, dxo: DXO, shareable: Shareable, fl_ctx: FLContext) -> DXO:
        """The weights as they travel."""
        data = {name: value.to_bytes() if isinstance(value, EncryptedLayer) else value for name, value in dxo.data.items()}
        return DXO(dxo.data_kind, data, dict(dxo.meta or {}))
