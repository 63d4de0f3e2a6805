"""Options that the commands that start a federation share, and the job that they make."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nodulescope.bundles.errors import UsageError

if TYPE_CHECKING:
    from nodulescope.federated.settings import JobSettings

Bundle = Annotated[
    str,
    typer.Argument(
        metavar="BUNDLE", help="lung_segmentation, nodule_detection, nodule_segmentation, nodule_grading, or the folder of a MONAI bundle."
    ),
]
Sites = Annotated[
    Path,
    typer.Option(
        "--sites",
        metavar="FILE",
        help="YAML: `sites: {NAME: {datalist: FILE, settings: {batch_size: 2}, device: cuda:0}}`. Only the datalist is needed.",
    ),
]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the bundle, the ledger and the weights.")]
Rounds = Annotated[int, typer.Option(min=1, help="How often the sites' work is combined.")]
LocalEpochs = Annotated[int, typer.Option(min=1, help="Epochs that each site trains in a round.")]
Algorithm = Annotated[str, typer.Option(metavar="NAME", help="fedavg, fedprox, fedopt, scaffold or cyclic.")]
MinSites = Annotated[int, typer.Option(min=1, help="With fewer sites in a round the run stops.")]
Start = Annotated[str, typer.Option(metavar="WEIGHTS", help="shipped, random, or a file of weights to start from.")]
Config = Annotated[
    list[str] | None,
    typer.Option(
        "--config", metavar="NAME", help="Lay another configuration of the bundle over train.yaml, such as smoke.yaml. Repeatable."
    ),
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a value of the bundle at every site, such as learning_rate=0.0005. Repeatable."),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        "--keep-at-site",
        metavar="LAYERS",
        help="Layers that stay at each site: norm for all normalisation layers (FedBN), or a regular expression of names. Repeatable.",
    ),
]
Wire = Annotated[str, typer.Option(metavar="half|full", help="Precision of what travels.")]
RoundTimeout = Annotated[int, typer.Option(min=1, metavar="S", help="Longest time that a site may take for one round, in s.")]
CrossSite = Annotated[bool, typer.Option("--cross-site", help="At the end measure every site's model at every site.")]
Personal = Annotated[
    int, typer.Option(min=0, metavar="EPOCHS", help="At the end each site trains so many epochs for itself, and measures that.")
]
Privacy = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="YAML or JSON with the privacy of the sites' results, such as `gaussian: {clip_norm: 0.5}`; see the docs."
    ),
]
Run = Annotated[str, typer.Option("--run", metavar="NAME", help="Name of the run.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run of this name that stopped.")]


def job_settings(
    bundle: Path, sites: Sequence[str], *, configs: Sequence[str] | None, changes: Sequence[str] | None, start: str, **values: Any
) -> JobSettings:
    """The job that options describe.

    Args:
        bundle: the bundle's folder.
        sites: names of the sites.
        configs: laid over the bundle's training configuration.
        changes: ``KEY=VALUE`` texts.
        start: as the settings have it.
        values: further fields of the settings; ``kept_at_site`` may hold ``norm``, ``privacy`` a file.
    """
    from nodulescope.apps.cli.train import parse_changes, training_config
    from nodulescope.federated.bundle_identity import bundle_sha256
    from nodulescope.federated.privacy.plan import PrivacyPlan
    from nodulescope.federated.settings import JobSettings, with_numbers
    from nodulescope.federated.sites.preflight import build_network
    from nodulescope.federated.wire.shared_names import expand

    names = (training_config(bundle).name, *(configs or ()))
    if missing := [name for name in names if not (bundle / "configs" / name).is_file()]:
        raise UsageError(
            f"--config {missing[0]}: {bundle / 'configs'} has no such file; a job lays only the bundle's own files over each other"
        )
    kept = tuple(values.pop("kept_at_site", None) or ())
    plan = PrivacyPlan.parse(_read(values.pop("privacy", None)))
    return JobSettings(
        bundle=bundle.name,
        bundle_sha256=bundle_sha256(bundle),
        sites=tuple(sites),
        configs=names,
        overrides=with_numbers(parse_changes(changes or ())),
        start=start,
        kept_at_site=expand(kept, build_network(bundle, names)) if kept else (),
        privacy=plan.to_json(),
        **values,
    )


def start_file(start: str) -> Path | None:
    """The file that ``--start`` names; None where it names none.

    Raises:
        UsageError: there is no such file.
    """
    from nodulescope.federated.settings import STARTS

    if start in STARTS:
        return None
    file = Path(start).expanduser()
    if not file.is_file():
        raise UsageError(f"--start {start}: neither {' nor '.join(STARTS)} nor a file of weights")
    return file


def _read(file: Path | None) -> Any:
    import yaml

    if file is None:
        return None
    if not file.is_file():
        raise UsageError(f"--privacy {file}: there is no such file")
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UsageError(f"--privacy {file}: not valid YAML") from error
    return content.get("privacy", content) if isinstance(content, dict) else content
