"""The result of a federation: a bundle like the one that it began with, with other weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch

from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.training.checkpoints import load_weights, save_weights
from nodulescope.bundles.training.metadata import WEIGHTS, record_weights
from nodulescope.federated.ledger.ledger import Ledger, Status
from nodulescope.federated.sites.preflight import build_network

FOLDER = "bundle"
NOT_TAKEN = shutil.ignore_patterns("__pycache__", "models", "eval", "data", "*.part")


def write_result_bundle(source: Path, target: Path, weights: Path, ledger: Ledger) -> Path:
    """Write the bundle with a federation's weights, whole or not at all.

    Its configurations and its code are those of the bundle that was trained, unchanged, so it has the same hash of its code and can start
    the next federation. Its metadata say where the weights come from; figures of the earlier weights are taken out.

    Args:
        source: folder of the bundle that was trained.
        target: folder to write; replaced if it is there.
        weights: state dict that the federation gave.
        ledger: of the run.

    Raises:
        BundleError: the weights do not fit the bundle's network.
    """
    beside = target.with_name(f"{target.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(source, beside, ignore=NOT_TAKEN)
    network = build_network(source, ledger.settings.configs)
    load_weights(network, weights)
    if not all(torch.isfinite(value).all() for value in network.state_dict().values()):
        raise BundleError(f"{weights}: holds values that are not finite; nothing was written")
    save_weights(network, beside / WEIGHTS)
    _write_metadata(beside, ledger)
    _write_note(beside, ledger)
    shutil.rmtree(target, ignore_errors=True)
    beside.replace(target)
    return target


def federation_entry(ledger: Ledger) -> dict[str, Any]:
    """What ``metadata.json`` says of a federation; sites are told apart by pseudonyms, numbered by their size."""
    settings = ledger.settings
    cases = sorted(max((sites[site].cases for sites in ledger.rounds.values() if site in sites), default=0) for site in settings.sites)
    entry: dict[str, Any] = {
        "run": settings.run,
        "complete": ledger.status is Status.COMPLETE,
        "algorithm": settings.algorithm,
        "rounds": len(ledger.rounds),
        "local_epochs": settings.local_epochs,
        "start": settings.start if settings.start in ("shipped", "random") else "own weights",
        "sites": [{"name": f"site {number}", "training_cases": count} for number, count in enumerate(cases, 1)],
        "privacy": dict(settings.privacy) or "none",
        "weights_of_round": ledger.best,
        "key_metric": {ledger.key_metric: _metric(ledger)},
        "bundle_sha256": settings.bundle_sha256,
    }
    if settings.kept_at_site:
        entry["kept_at_site"] = "layers that stayed at each site have the values that the federation began with"
    return entry


def _write_metadata(root: Path, ledger: Ledger) -> None:
    file = root / "configs" / "metadata.json"
    metadata = json.loads(file.read_text(encoding="utf-8"))
    version = f"{metadata.get('version', '0.0.0').partition('+')[0]}+federated.{ledger.settings.run}"
    metadata["federation"] = federation_entry(ledger)
    metadata["eval_metrics"] = {} if _metric(ledger) is None else {ledger.key_metric: round(float(_metric(ledger) or 0.0), 4)}
    metadata["data_source"] = (
        f"cases of {len(ledger.settings.sites)} sites, in a federation; before it: {metadata.get('data_source', 'unknown')}"
    )
    file.write_text(json.dumps(metadata, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")
    state = "complete" if ledger.status is Status.COMPLETE else "incomplete, see federation"
    record_weights(root, version, f"Federated training at {len(ledger.settings.sites)} sites ({state}).")


def _write_note(root: Path, ledger: Ledger) -> None:
    """Say at the top of the model card that its figures are those of other weights."""
    card = root / "docs" / "README.md"
    note = (
        f"> **Other weights.** A federation of {len(ledger.settings.sites)} sites trained this copy of the bundle "
        f"({ledger.status.value}; see `federation` in `configs/metadata.json`). The figures below are of the weights before.\n\n"
    )
    card.parent.mkdir(exist_ok=True)
    card.write_text(note + (card.read_text(encoding="utf-8") if card.is_file() else ""), encoding="utf-8")


def _metric(ledger: Ledger) -> float | None:
    return None if ledger.best is None else ledger.global_metric.get(ledger.best)
