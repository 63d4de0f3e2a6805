"""An NVFlare job that carries no code."""

from __future__ import annotations

from typing import Any

from nvflare.job_config.api import FedJob
from nvflare.job_config.fed_job_config import FedJobConfig

PACKAGES = ("nodulescope",)
"""Installed at every site: nothing of them is copied into a job."""


class InstalledJobConfig(FedJobConfig):
    """NVFlare's job files, without copies of packages that are installed.

    NVFlare 2.9 finds the folder that it would copy from before it asks whether it should copy at all, and fails for a package whose folders
    are not named like its modules, as in an editable installation of this one.
    """

    def _get_custom_file(self, custom_dir: str, module: str, *arguments: Any, **settings: Any) -> None:
        if module.partition(".")[0] not in self.app_packages:
            super()._get_custom_file(custom_dir, module, *arguments, **settings)


class InstalledJob(FedJob):
    """A job whose classes every site has installed.

    Args:
        name: of the job.
        min_clients: sites without which NVFlare does not start it.
    """

    def __init__(self, name: str, min_clients: int) -> None:
        super().__init__(name=name, min_clients=min_clients)
        self.job = InstalledJobConfig(job_name=name, min_clients=min_clients)
        self.set_app_packages(list(PACKAGES))
