"""``nodulescope federate simulate``: a federation in NVFlare's simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodulescope.apps.cli.federate.on_this_machine import command

if TYPE_CHECKING:
    from nodulescope.federated.federation import Environment

EPILOG = """Examples:

nodulescope federate simulate nodule_grading --sites sites.yaml -o runs/federated

nodulescope federate simulate nodule_detection --sites sites.yaml --rounds 10 --algorithm scaffold --cross-site

nodulescope federate simulate nodule_grading --sites sites.yaml --keep-at-site norm --personal 2

nodulescope federate simulate nodule_grading --sites sites.yaml --resume

The site file says what each site trains on; paths in it are relative to it. DIR then holds bundle/ (use it with
`nodulescope analyze --bundle nodule_grading=DIR/bundle`), participation.md and .json, and the best and the last weights.

Exit status 0 means that every site took part in every round. A run that lost a site ends with 1, even though it has a result."""


def _environment() -> Environment:
    from nodulescope.federated.environments.simulator import run_simulator

    return run_simulator


simulate = command(
    _environment, "Train a bundle at several sites that are processes of this machine: to try a federation out before hospitals join."
)
