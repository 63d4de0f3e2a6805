"""``health``: whether the analysis in this container makes progress. The image's health check asks it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from nodulescope.apps.nodule_ct.container.heartbeat import FRESH_S, last_beat
from nodulescope.apps.nodule_ct.container.places import place
from nodulescope.bundles.errors import UsageError


def health(arguments: Sequence[str]) -> int:
    """Print one line; 0 is healthy, 1 is not.

    Healthy means that every stage's model is where it belongs, and that the application, once it has begun to beat, beat lately.

    Raises:
        UsageError: there are arguments.
    """
    if arguments:
        raise UsageError(f"health {' '.join(arguments)}: takes no arguments")
    missing = _missing_models()
    if missing:
        print(f"unhealthy: {missing}")  # noqa: T201
        return 1
    heartbeat = last_beat()
    if heartbeat is None:
        print("healthy: no analysis has begun")  # noqa: T201
        return 0
    if heartbeat.age_s > FRESH_S:
        print(f"unhealthy: no sign of life for {heartbeat.age_s:.0f} s, last during {heartbeat.step}")  # noqa: T201
        return 1
    print(f"healthy: {heartbeat.step}")  # noqa: T201
    return 0


def _missing_models() -> str | None:
    """What lacks of the models that the package manifest names. Opening them, or asking the stages, would load PyTorch every time."""
    manifest = place("HOLOSCAN_PKG_MANIFEST_PATH")
    try:
        models = json.loads(manifest.read_text(encoding="utf-8"))["models"]
    except (OSError, KeyError, ValueError) as error:
        return f"{manifest} cannot be read ({type(error).__name__})"
    folders = [place("HOLOSCAN_MODEL_PATH") / name for name in models]
    return next((f"{folder} is no bundle" for folder in folders if not (folder / "configs" / "metadata.json").is_file()), None)
