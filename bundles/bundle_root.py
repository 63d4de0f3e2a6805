"""Where the bundle lies whose configuration is being run."""

from __future__ import annotations

import sys
from pathlib import Path


def bundle_root_of_run(package_file: str) -> str:
    """Folder of the bundle that this process was asked to run.

    ``python -m monai.bundle run --config_file DIR/configs/train.yaml`` does not tell a configuration where it lies. Configurations need
    that to find their weights, wherever the command was started and wherever the bundle was copied to. Everything else that runs a bundle
    (the predictors, MONAI Label, the federated client) sets ``bundle_root`` itself, and this function is then not asked.

    Args:
        package_file: ``__file__`` of the installed bundle, the answer where no configuration stands on the command line.
    """
    for flag, value in zip(sys.argv, [*sys.argv[1:], ""], strict=True):
        name, _, inline = flag.partition("=")
        if name.lstrip("-").replace("-", "_") == "config_file" and flag.startswith("--"):
            config = Path((inline or value).strip("[]'\" ").split(",")[0].strip("'\" ")).absolute()
            if config.parent.name == "configs":
                return str(config.parent.parent)
    return str(Path(package_file).parent)
