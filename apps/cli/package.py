"""``nodulescope package``: the MONAI Application Package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from nodulescope.apps.cli.options import AsJson, Bundles, Quiet, is_quiet, parse_bundles
from nodulescope.apps.cli.progress import stage_progress
from nodulescope.bundles.errors import InputError, UsageError

EPILOG = """Examples:

nodulescope package -o map

nodulescope package -o map --build --tag nodulescope:0.1.0

nodulescope package -o map --accelerator cuda

nodulescope package -o map --wheelhouse wheels --build --base-image registry.hospital.example/python:3.11-slim

nodulescope package --verify map

docker run --rm --read-only --network=none -v $PWD/study:/var/holoscan/input:ro -v $PWD/result:/var/holoscan/output nodulescope

Exit status: 0 done, 2 usage, 3 the context or the wheels are not whole, 4 a bundle cannot be packaged, 1 the build failed."""

VERIFYING = "--verify checks a context that is there; {} belongs to writing one"


def package(
    context: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Folder for the build context. An earlier context in it is replaced."),
    ] = None,
    verify: Annotated[
        Path | None,
        typer.Option("--verify", metavar="DIR", help="Write nothing; check a context: hashes, manifests, bundles, completeness."),
    ] = None,
    build: Annotated[bool, typer.Option("--build", help="Build the image too, with Docker or Podman.")] = False,
    tag: Annotated[str, typer.Option("--tag", "-t", metavar="NAME", help="Name of the image.")] = "nodulescope",
    engine: Annotated[
        str | None, typer.Option("--engine", metavar="PROGRAM", help="What builds.", show_default="docker, or else podman")
    ] = None,
    base_image: Annotated[
        str | None,
        typer.Option("--base-image", metavar="IMAGE", help="Image to build on, with CPython 3.11 for x86-64.", show_default="slim CPython"),
    ] = None,
    build_arg: Annotated[
        list[str] | None,
        typer.Option("--build-arg", metavar="NAME=VALUE", help="Passed to the engine, for example a proxy. May be given several times."),
    ] = None,
    accelerator: Annotated[
        str, typer.Option(metavar="cpu|cuda", help="Which build of PyTorch. With cuda a GPU is used where one is offered.")
    ] = "cpu",
    wheelhouse: Annotated[
        Path | None,
        typer.Option("--wheelhouse", metavar="DIR", help="Folder with the wheel of every package: the image is built without a network."),
    ] = None,
    wheel: Annotated[
        Path | None,
        typer.Option("--wheel", metavar="FILE", help="Package this wheel of nodulescope.", show_default="made from this installation"),
    ] = None,
    bundle: Bundles = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the build context of the MONAI Application Package: an image that analyses a chest CT.

    Dockerfile, manifests, pinned packages, the four bundles, a bill of materials and a phantom for the self-test. No engine is needed for
    this, and the same inputs give the same bytes.
    """
    shown = not (is_quiet(context, quiet) or as_json)
    if verify is not None:
        given = {"-o": out, "--build": build, "--wheelhouse": wheelhouse, "--wheel": wheel, "--bundle": bundle}
        if clash := [name for name, value in given.items() if value]:
            raise UsageError(VERIFYING.format(clash[0]))
        _verify(verify, shown=shown, as_json=as_json)
        return
    if out is None:
        raise UsageError("say where the context is written with -o DIR, or check one with --verify DIR")
    _write(out, accelerator, wheel, wheelhouse, bundle, tag, shown=shown, as_json=as_json)
    if build:
        _build(out, tag, engine, base_image, build_arg or (), offline=wheelhouse is not None, shown=shown)


def _verify(folder: Path, *, shown: bool, as_json: bool) -> None:
    from nodulescope.apps.nodule_ct.packaging.verify import problems_of

    problems = problems_of(folder)
    if as_json:
        typer.echo(json.dumps({"context": str(folder), "problems": problems}, indent=2))
    for problem in problems if shown else ():
        typer.echo(problem)
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise InputError(f"{folder}: {problems[0]}{more}")
    if shown:
        typer.echo(f"{folder}: whole and unchanged")


def _write(
    out: Path,
    accelerator: str,
    wheel: Path | None,
    wheelhouse: Path | None,
    bundle: list[str] | None,
    tag: str,
    *,
    shown: bool,
    as_json: bool,
) -> None:
    from nodulescope.apps.nodule_ct.packaging.context import STEPS, ContextOptions, write_context

    options = ContextOptions(accelerator, wheel, wheelhouse, parse_bundles(bundle), tag)
    with stage_progress(STEPS, shown=shown) as progress:
        written = write_context(out, options, progress)
    if as_json:
        described = {"context": str(out), "packages": written.packages, "other_builds": written.other_builds}
        typer.echo(json.dumps(described, indent=2))
    if shown:
        if written.other_builds:
            typer.echo(f"Other builds than the tested ones: {', '.join(written.other_builds)}")
        typer.echo(f"{out}: {written.packages} packages; build it with `docker build --tag {tag} {out}`, or with --build")


def _build(
    out: Path,
    tag: str,
    engine: str | None,
    base_image: str | None,
    build_arguments: list[str] | tuple[str, ...],
    *,
    offline: bool,
    shown: bool,
) -> None:
    from nodulescope.apps.nodule_ct.packaging.engine import Build, build_image, find_engine

    build_image(Build(find_engine(engine), out, tag, base_image, offline, build_arguments), shown=shown)
    if shown:
        typer.echo(f"built {tag}")
