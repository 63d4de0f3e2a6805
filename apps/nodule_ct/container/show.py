"""``show``: the manifests, as the stock packager's images print them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from nodulescope.apps.nodule_ct.container.places import place
from nodulescope.bundles.errors import UsageError

MANIFESTS = {"app": "HOLOSCAN_APP_MANIFEST_PATH", "pkg": "HOLOSCAN_PKG_MANIFEST_PATH"}


def show(arguments: Sequence[str]) -> int:
    """Print both manifests under a headline each, or only the one that is named, as plain JSON.

    Raises:
        UsageError: no such manifest, or it is not there.
    """
    if len(arguments) > 1 or not set(arguments) <= set(MANIFESTS):
        raise UsageError(f"show {' '.join(arguments)}: there are app and pkg")
    for name in arguments or MANIFESTS:
        file = place(MANIFESTS[name])
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"{file}: cannot be read ({type(error).__name__}); is something mounted over it?") from error
        if not arguments:
            print(f" {name}.json ".center(80, "="))  # noqa: T201
        print(json.dumps(content, indent=2))  # noqa: T201
    return 0
