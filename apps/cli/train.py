"""``nodulescope train``: a readable front for ``python -m monai.bundle run``."""

from __future__ import annotations

import logging
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from nodulescope.apps.cli.options import Quiet, is_quiet
from nodulescope.apps.cli.progress import counting_progress
from nodulescope.bundles.errors import BundleError, NodulescopeError, UsageError

EPILOG = """Examples:

nodulescope train nodule_grading --epochs 2

nodulescope train nodule_detection --datalist my/scans.json --output runs/mine --set learning_rate=0.0005

nodulescope train nodule_detection --datalist my/scans.json --round 2

nodulescope train nodule_grading --config bundles/nodule_grading/configs/smoke.yaml

The best weights are OUTPUT/best.pt. A training that was interrupted goes on when the same command is given again, and ends with the same
weights as if it had not been; one that has ended goes on when it is given more --epochs. Other settings, with --set: patience=10 stops
when ten validations in a row were no better, accumulate=4 makes one step of four batches, seed=2 draws other random numbers."""

PHANTOM_DATALISTS = {
    "lung_segmentation": "scans.json",
    "nodule_detection": "scans.json",
    "nodule_segmentation": "cubes/datalist.json",
    "nodule_grading": "cubes/datalist.json",
}
"""Which datalist of :func:`~nodulescope.bundles.data.phantom_datalist.write_phantom_datalists` a bundle trains on."""

CONFIG_NAMES = ("train.yaml", "train.yml", "train.json")

SCIENTIFIC = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")
"""A number as people write small ones."""

COLLECTING, LATER_ROUND = "harvest.yaml", "round2.yaml"
"""Configurations of a bundle that is trained in rounds: they collect mistakes, and train on with them."""


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
    round_number: Annotated[
        int,
        typer.Option(
            "--round",
            min=1,
            metavar="N",
            help="2: collect what the weights of the first round (OUTPUT/best.pt, or --set start_from=FILE) mistake for nodules in the "
            "training scans, then train on with these places, into OUTPUT/round2. 3 and so on likewise. Only nodule_detection has rounds.",
        ),
    ] = 1,
    phantoms: Annotated[int, typer.Option(min=2, help="How many phantoms to make where no datalist is given.")] = 12,
    quiet: Quiet = False,
) -> None:
    """Train a bundle, and show the MONAI command that does the same."""
    quiet = is_quiet(context, quiet)
    folder = bundle_folder(bundle)
    settings = parse_changes(changes or ())
    files = [training_config(folder), *_existing(config or ())]
    own, merged = _load(files[:1]), _load(files)
    chosen = {key for key in ("datalist", "output_dir") if key in settings or merged.get(key) != own.get(key)}
    if output is None and "output_dir" not in chosen:
        output = Path("runs") / folder.name
    if round_number > 1:
        settings["start_from"] = str(_weights_before(files[0], settings, output, round_number))
    if datalist is None and "datalist" not in chosen:
        datalist = _own_datalist(folder.name, output, round_number, phantoms, shown=not quiet)
    for key, value in (("datalist", datalist), ("epochs", epochs), ("output_dir", output)):
        if value is not None and key not in settings:
            settings[key] = _override(key, value, merged, files[0])
    settings.setdefault("bundle_root", str(folder))
    if round_number > 1:
        files, settings = _collect_mistakes(files, settings, round_number, quiet=quiet)
    if not quiet:
        typer.echo(monai_command(files, settings))
    run_training(files, settings, quiet=quiet)
    if not quiet and "output_dir" in settings:
        typer.echo(f"Trained: {settings['output_dir']}")


def _existing(overrides: Sequence[Path]) -> Sequence[Path]:
    for file in overrides:
        if not file.is_file():
            raise UsageError(f"--config {file}: there is no such file")
    return overrides


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
            loaded = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UsageError(f"--set {text}: the value is not valid YAML") from error
        # To YAML 1.1 a number such as 1e-4, without a point, is a text.
        changes[key] = float(loaded) if isinstance(loaded, str) and SCIENTIFIC.fullmatch(loaded) else loaded
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
    workflow = _set_up(files, settings, quiet=quiet)
    with _told_plainly():
        workflow.run()
    workflow.finalize()


def _weights_before(config: Path, settings: Mapping[str, Any], output: Path | None, number: int) -> Path:
    """Weights that a later round begins with.

    Raises:
        UsageError: the bundle has no rounds, or there are no such weights.
    """
    from nodulescope.bundles.training.rounds import Round

    if not all((config.parent / name).is_file() for name in (COLLECTING, LATER_ROUND)):
        raise UsageError(f"--round {number}: {config.parent.parent.name} is trained in one round; only nodule_detection has more")
    folder = settings.get("output_dir", output)
    if folder is None:
        raise UsageError(f"--round {number}: name the folder of the first round with --output DIR")
    weights = Path(settings.get("start_from") or Round(Path(folder), number).before.weights).resolve()
    if not weights.is_file():
        remedy = "train that round first, or name other weights with --set start_from=FILE"
        raise UsageError(f"--round {number}: {weights}, the weights of round {number - 1}, are not there; {remedy}")
    return weights


def _collect_mistakes(files: Sequence[Path], settings: Mapping[str, Any], number: int, *, quiet: bool) -> tuple[list[Path], dict[str, Any]]:
    """Collect what the weights of the round before mistake; returns the files and settings with which this round trains."""
    from nodulescope.bundles.training.rounds import Round

    this = Round(Path(settings["output_dir"]).resolve(), number)
    _collect([*files, files[0].parent / COLLECTING], {**settings, "harvested": str(this.datalist)}, quiet=quiet)
    return [files[0], files[0].parent / LATER_ROUND, *files[1:]], {
        **settings,
        "datalist": str(this.datalist),
        "output_dir": str(this.folder),
    }


def _collect(files: Sequence[Path], settings: Mapping[str, Any], *, quiet: bool) -> None:
    if not quiet:
        typer.echo(monai_command(files, settings))
    workflow = _set_up(files, settings, quiet=quiet)
    with _told_plainly():
        harvest = workflow.parser.get_parsed_content("harvest")
        with counting_progress("Collecting mistakes in the training scans", len(harvest), shown=not quiet) as done:
            for number in harvest:
                done(number)
    workflow.finalize()


def _set_up(files: Sequence[Path], settings: Mapping[str, Any], *, quiet: bool) -> Any:
    from monai.bundle import ConfigWorkflow

    # Training reports through logging, by the bundle's logging.conf, its errors too; this command tells those itself.
    logging.disable(logging.CRITICAL if quiet else logging.NOTSET)
    try:
        workflow: Any = ConfigWorkflow([str(file) for file in files], logging_file=False if quiet else None, workflow_type=None, **settings)
        workflow.initialize()
    except NodulescopeError:
        raise
    except Exception as error:  # whatever a configuration's own code raises
        reason = str(error.__cause__ or error).splitlines()[0] if str(error) else type(error).__name__
        raise BundleError(f"{files[0]}: the training cannot be set up ({reason})") from error
    return workflow


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Unwrap errors that are meant for people from those that MONAI raises while it builds components, and log no traceback.

    MONAI's and Ignite's engines log an error with all its traceback before they raise it; with ``--debug`` the command itself shows it.
    """
    make = logging.getLogRecordFactory()

    def make_plain(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        record.exc_info = None
        return record

    logging.setLogRecordFactory(make_plain)
    try:
        yield
    except RuntimeError as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, NodulescopeError):
            cause = cause.__cause__
        if cause is None:
            raise
        raise cause from error
    finally:
        logging.setLogRecordFactory(make)


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


def _own_datalist(bundle: str, output: Path | None, round_number: int, phantoms: int, *, shown: bool) -> Path | None:
    """What a person who names no datalist gets: that of the round before, if it names mistakes already, or phantoms."""
    from nodulescope.bundles.training.rounds import Round

    if output is not None and round_number > 2 and (earlier := Round(output, round_number - 1).datalist).is_file():
        return earlier
    if bundle not in PHANTOM_DATALISTS:
        return None
    return _phantom_datalist(Path("runs") / "phantoms", phantoms, PHANTOM_DATALISTS[bundle], shown=shown)


def _phantom_datalist(folder: Path, scans: int, name: str, *, shown: bool) -> Path:
    from nodulescope.bundles.data.phantom_datalist import write_phantom_datalists

    with counting_progress("Making phantoms to train on", scans, shown=shown) as done:
        for number in write_phantom_datalists(folder, scans):
            done(number)
    return (folder / name).resolve()
