"""Talking to a federation's server as the person whose startup kit lies here."""

from __future__ import annotations

import contextlib
import io
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from nvflare.fuel.flare_api.api_spec import AuthorizationError
from nvflare.fuel.flare_api.flare_api import Session, new_secure_session

from nodulescope.bundles.errors import NodulescopeError, UsageError
from nodulescope.federated.ledger.ledger import FILE
from nodulescope.federated.server.controller import RESULT

POLL_S = 2.0
LOOKS = 8
"""How often the caller looks while the server is asked once."""

LOGIN_S = 10.0
FINISHED = "FINISHED"
TAKEN = "OK"
"""What NVFlare notes of a site that has taken a job."""

ERROR = "NVFLARE_ERROR: "
"""What it begins a site's refusal with."""


class FederationSession:
    """A session with the server.

    Args:
        session: NVFlare's.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def wait_for_sites(self, sites: Sequence[str], at_least: int, seconds: float) -> list[str]:
        """Wait until all sites are connected.

        Returns:
            Those of them that are.

        Raises:
            NodulescopeError: too few came in time.
        """
        until = time.monotonic() + seconds
        while True:
            there = {client.name for client in self._session.get_connected_client_list()}
            present = [site for site in sites if site in there]
            if len(present) == len(sites) or time.monotonic() >= until:
                break
            time.sleep(POLL_S)
        if len(present) < at_least:
            missing = ", ".join(site for site in sites if site not in present)
            raise UsageError(
                f"only {len(present)} of {len(sites)} sites are connected ({missing} not); {at_least} are needed, none was asked"
            )
        return present

    def submit(self, job: Path) -> str:
        """Send a job; returns its number.

        Raises:
            UsageError: this person may not send jobs.
            NodulescopeError: the server does not take it.
        """
        try:
            return str(self._session.submit_job(str(job.absolute())))  # NVFlare looks for any other path in the kit
        except AuthorizationError as error:
            raise UsageError("you may not send jobs: your startup kit is not one of a person with the role lead") from error
        except Exception as error:  # NVFlare raises many kinds
            raise NodulescopeError(f"the server did not take the job ({' '.join(str(error).split())})") from error

    def wait(self, number: str, longest_s: float, watch: Callable[[], bool | None]) -> str:
        """Wait for a job's end, and abort it when it takes longer.

        Args:
            number: of the job.
            longest_s: after this time it is aborted.
            watch: called again and again; True ends the wait.

        Returns:
            NVFlare's status of the job.

        Raises:
            NodulescopeError: it took longer.
        """
        until = time.monotonic() + longest_s
        try:
            while time.monotonic() < until:
                status = str(self._session.get_job_status(number))
                if status.startswith(FINISHED):
                    return status
                for _ in range(LOOKS):
                    if watch():
                        return status
                    time.sleep(POLL_S / LOOKS)
        except BaseException:  # a person stops the command: the sites must not go on for nobody
            self._session.abort_job(number)
            raise
        self._session.abort_job(number)
        raise NodulescopeError(f"job {number} took longer than {longest_s:.0f} s and was aborted")

    def result(self, number: str, into: Path, wanted: str = FILE) -> Path:
        """Download a job's result; returns the folder with the ledger and the weights.

        Args:
            number: of the job.
            into: folder for it.
            wanted: file that the result must hold.

        Raises:
            NodulescopeError: the server has no result of this job.
        """
        folder = Path(self._session.download_job_result(number, str(into)))
        found = next((file.parent for file in folder.rglob(wanted) if file.parent.name == RESULT), None)
        if found is None:
            raise NodulescopeError(
                f"job {number}: the server has no {wanted} of it; the job did not come to run, its log at the server says why"
            )
        return found

    def refusals(self, number: str) -> dict[str, str]:
        """Sites that did not take a job, and what they say about it."""
        told = (line.partition(": ") for line in map(str, self._about(number).get("job_deploy_detail") or ()))
        return {site: why.removeprefix(ERROR).removeprefix(f"refused by {site}: ") for site, _, why in told if why and why != TAKEN}

    def details(self, number: str) -> str:
        """How a job was sent to the server and the sites, and how it ended; the sites' refusals are in it."""
        about = self._about(number)
        return "; ".join([str(about.get("status")), *map(str, about.get("job_deploy_detail") or ())])

    def _about(self, number: str) -> dict[str, Any]:
        return dict(self._session.get_job_meta(number))


@contextlib.contextmanager
def session(kit: Path, seconds: float) -> Iterator[FederationSession]:
    """A session for as long as the context lasts.

    Args:
        kit: startup kit of a person; the folder is named like them.
        seconds: how long to try.

    Raises:
        UsageError: this is no such kit.
        NodulescopeError: the server cannot be reached, or does not know this person.
    """
    if not (kit / "startup" / "fed_admin.json").is_file():
        raise UsageError(f"{kit}: not the startup kit of a person (it has no startup/fed_admin.json)")
    opened = _login(kit, seconds)
    try:
        yield FederationSession(opened)
    finally:
        with contextlib.suppress(Exception):  # what had to be done is done
            opened.close()


def _login(kit: Path, seconds: float) -> Session:
    until = time.monotonic() + seconds
    (kit / "transfer").mkdir(exist_ok=True)
    while True:
        try:
            with _unsaid():
                return new_secure_session(kit.name, str(kit), timeout=LOGIN_S)
        except Exception as error:  # NVFlare raises many kinds while the server is not there
            if time.monotonic() >= until:
                reason = " ".join(str(error).split()) or type(error).__name__
                raise NodulescopeError(f"{kit.name}: no session with the server ({reason})") from error
        time.sleep(POLL_S)


@contextlib.contextmanager
def _unsaid() -> Iterator[None]:
    """NVFlare prints and logs every attempt."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)
