"""``nodulescope train``: a readable front for ``python -m monai.bundle run``."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from nodulescope.apps.cli.options import Quiet, is_quiet
from nodulescope.apps.cli.progress import counting_progress
from nodulescope.bundles.errors import BundleError, NodulescopeError, UsageError

EPILOG = """Examples:

nodulescope train nodule_grading --epochs 2

nodulescope train nodule_detection --datalist my/scans.json --output runs/mine --set learning_rate=0.0005

nodulescope train nodule_grading --config bundles/nodule_grading/configs/smoke.yaml

The best weights are OUTPUT/best.pt. A training that was interrupted goes on when the same command is given again."""

PHANTOM_DATALISTS = {
    "lung_segmentation": "scans.json",
    "nodule_detection": "scans.json",
    "nodule_segmentation": "cubes/datalist.json",
    "nodule_grading": "cubes/datalist.json",
}
"""Which datalist of :func:`~nodulescope.bundles.data.phantom_datalist.write_phantom_datalists` a bundle trains on."""

CONFIG_NAMES = ("train.yaml", "train.yml", "train.json")


def train(
    context: typer.Context,
    bundle: Annotated[
        str,
        typer.Argument(
            metavar="BUNDLE",
            help="lung_segmentation, nodule_detection, nodule_segmentation, nodule_grading, or the folder of any MONAI bundle.",
        ),
    ],
    datalist: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="MONAI datalist with training and validation items. Without it, phantoms are made and used."),
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the training items; the bundle's own number without it.")] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for weights and TensorBoard logs.", show_default="runs/BUNDLE")
    ] = None,
    config: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A YAML or JSON file that overrides parts of the training configuration. Repeatable."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Override one value, for example batch_size=2 or train#dataset#cache_rate=0. Repeatable."
        ),
    ] = None,
    phantoms: Annotated[int, typer.Option(min=2, help="How many phantoms to make where no datalist is given.")] = 12,
    quiet: Quiet = False,
) -> None:
    """Train a bundle, and show the MONAI command that does the same."""
    quiet = is_quiet(context, quiet)
    folder = bundle_folder(bundle)
    settings = parse_changes(changes or ())
    files = [training_config(folder), *(config or ())]
    for file in files[1:]:
        if not file.is_file():
            raise UsageError(f"--config {file}: there is no such file")
    own, merged = _load(files[:1]), _load(files)
    chosen = {key for key in ("datalist", "output_dir") if key in settings or merged.get(key) != own.get(key)}
    if output is None and "output_dir" not in chosen:
        output = Path("runs") / folder.name
    if datalist is None and "datalist" not in chosen and folder.name in PHANTOM_DATALISTS:
        datalist = _phantom_datalist(Path("runs") / "phantoms", phantoms, PHANTOM_DATALISTS[folder.name], shown=not quiet)
    for key, value in (("datalist", datalist), ("epochs", epochs), ("output_dir", output)):
        if value is not None and key not in settings:
            settings[key] = _override(key, value, merged, files[0])
    settings.setdefault("bundle_root", str(folder))
    if not quiet:
        typer.echo(monai_command(files, settings))
    run_training(files, settings, quiet=quiet)
    if not quiet and "output_dir" in settings:
        typer.echo(f"Trained: {settings['output_dir']}")


def bundle_folder(name: str) -> Path:
    """Folder of a shipped bundle by its name, or of any bundle by its path.

    Raises:
        UsageError: there is neither.
    """
    from nodulescope.bundles.predictors import STAGES, find_bundle

    if name in STAGES:
        return find_bundle(name).resolve()
    path = Path(name).expanduser()
    if not (path / "configs").is_dir():
        raise UsageError(f"{name}: neither a bundle's folder (with configs/) nor one of {', '.join(STAGES)}")
    return path.resolve()


def training_config(folder: Path) -> Path:
    """The bundle's training configuration.

    Raises:
        BundleError: it has none.
    """
    for name in CONFIG_NAMES:
        if (folder / "configs" / name).is_file():
            return folder / "configs" / name
    raise BundleError(f"{folder}: has no configs/{CONFIG_NAMES[0]}, so it cannot be trained")


def parse_changes(texts: Sequence[str]) -> dict[str, Any]:
    """Read ``KEY=VALUE`` texts; values are YAML, so ``2`` is a number, ``true`` a truth value and ``[1, 2]`` a list.

    Raises:
        UsageError: not of this form.
    """
    import yaml

    changes: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {text}: write KEY=VALUE, for example batch_size=2")
        try:
            changes[key] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UsageError(f"--set {text}: the value is not valid YAML") from error
    return changes


def monai_command(files: Sequence[Path], settings: Mapping[str, Any]) -> str:
    """The command with which MONAI does the same."""
    names = str(files[0]) if len(files) == 1 else str([str(file) for file in files])
    words = ["python", "-m", "monai.bundle", "run", "--config_file", names]
    for key, value in settings.items():
        words += [f"--{key}", str(value)]
    return shlex.join(words)


def run_training(files: Sequence[Path], settings: Mapping[str, Any], *, quiet: bool) -> None:
    """Run a training configuration in this process.

    Args:
        files: the configuration and what overrides it; the last file that has a key decides.
        settings: values that override both.
        quiet: whether the bundle's own logging stays off.

    Raises:
        BundleError: the configuration cannot be set up.
    """
    from monai.bundle import ConfigWorkflow

    if not quiet:
        logging.disable(logging.NOTSET)  # training reports through logging, by the bundle's logging.conf
    try:
        workflow: Any = ConfigWorkflow([str(file) for file in files], logging_file=False if quiet else None, workflow_type=None, **settings)
        workflow.initialize()
    except NodulescopeError:
        raise
    except Exception as error:  # whatever a configuration's own code raises
        reason = str(error.__cause__ or error).splitlines()[0] if str(error) else type(error).__name__
        raise BundleError(f"{files[0]}: the training cannot be set up ({reason})") from error
    try:
        workflow.run()
    except RuntimeError as error:
        # MONAI wraps what goes wrong while it builds components, errors that are meant for people among it.
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, NodulescopeError):
            cause = cause.__cause__
        if cause is None:
            raise
        raise cause from error
    workflow.finalize()


def _load(files: Sequence[Path]) -> Mapping[str, Any]:
    """The merged configuration, only to see which keys it has."""
    from monai.bundle import ConfigParser

    try:
        loaded: Mapping[str, Any] = ConfigParser.load_config_files([str(file) for file in files])
    except Exception as error:  # parsers of two formats raise many kinds
        raise BundleError(f"{', '.join(str(file) for file in files)}: not a valid MONAI configuration") from error
    return loaded


def _override(key: str, value: Path | int, known: Mapping[str, Any], config: Path) -> str | int:
    if key not in known:
        raise UsageError(f"{config}: has no {key!r}; name the bundle's own key with --set KEY=VALUE")
    return str(value.resolve()) if isinstance(value, Path) else value


def _phantom_datalist(folder: Path, scans: int, name: str, *, shown: bool) -> Path:
    from nodulescope.bundles.data.phantom_datalist import write_phantom_datalists

    with counting_progress("Making phantoms to train on", scans, shown=shown) as done:
        for number in write_phantom_datalists(folder, scans):
            done(number)
    return (folder / name).resolve()
