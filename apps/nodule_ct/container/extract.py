"""``extract``: the content of the image, copied to a folder of the host.

``/var/run/holoscan/export`` takes everything. If folders named ``app``, ``config``, ``models`` or ``docs`` are mounted in it, only these
are filled; so it is with the stock packager's images.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from nodulescope.apps.nodule_ct.container.places import EXPORT, place
from nodulescope.bundles.errors import UsageError

CONFIGURATION = ("HOLOSCAN_APP_MANIFEST_PATH", "HOLOSCAN_PKG_MANIFEST_PATH", "HOLOSCAN_CONFIG_PATH")


def extract(arguments: Sequence[str], target: Path = EXPORT) -> int:
    """Copy the parts that are wanted.

    Args:
        arguments: none.
        target: the mounted folder.

    Raises:
        UsageError: nothing is mounted there, it cannot be written to, or there are arguments.
    """
    if arguments:
        raise UsageError(
            f"extract {' '.join(arguments)}: takes no arguments; mount a folder at {target}, or at {target}/models for just these"
        )
    if not target.is_dir():
        raise UsageError(f"{target}: no folder is mounted here; run with -v FOLDER:{target}")
    parts: dict[str, tuple[Path, ...]] = {
        "app": (place("HOLOSCAN_APPLICATION"),),
        "config": tuple(place(variable) for variable in CONFIGURATION),
        "models": (place("HOLOSCAN_MODEL_PATH"),),
        "docs": (place("HOLOSCAN_DOCS_PATH"),),
    }
    mounted = [name for name in parts if (target / name).is_dir() and os.path.ismount(target / name)]
    for name in mounted or parts:
        try:
            _copy(parts[name], target / name)
        except OSError as error:
            reason = f"cannot be written to as user {os.getuid()} ({error.strerror or error})"
            raise UsageError(f"{target / name}: {reason}; run with --user $(id -u):$(id -g)") from error
        print(f"extracted {name}")  # noqa: T201
    return 0


def _copy(sources: Sequence[Path], target: Path) -> None:
    """Copy what is in the folders, and the files, into ``target``, without the image's ownership and times."""
    target.mkdir(exist_ok=True)
    for source in sources:
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True, copy_function=shutil.copyfile)
        elif source.is_file():
            shutil.copyfile(source, target / source.name)
