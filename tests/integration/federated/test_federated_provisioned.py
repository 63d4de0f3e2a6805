"""A provisioned federation: real processes with startup kits, mutual TLS on the loopback interface, and people who may not."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from command_line import COMMAND

from nodulescope.apps.cli.main import run
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.predictors import find_bundle
from nodulescope.federated.bundle_identity import bundle_sha256
from nodulescope.federated.environments.one_machine import free_port
from nodulescope.federated.environments.processes import Processes, processes
from nodulescope.federated.environments.session import FederationSession, session
from nodulescope.federated.ledger.ledger import Ledger, Status, read_ledger
from nodulescope.federated.privacy import Release, epsilon_spent
from nodulescope.federated.privacy.artefact_scan import find_names
from nodulescope.federated.privacy.decryption import decrypt_weights
from nodulescope.federated.privacy.encrypted_layer import SUFFIX
from nodulescope.federated.provisioning import Kits, example_project, provision
from nodulescope.federated.recipe import FederatedRecipe
from nodulescope.federated.server.start import starting_network
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.sites.place import Place
from nodulescope.federated.sites.site_file import read_site_file

SITES = ("north", "south")
LEAD = "lead@example.org"
PATIENCE_S = 300.0
PLANTED = ("Doe^Jane-4711", "ward-seven")
"""A patient's name and the name of a folder, which lie at every site and must stay there."""


@dataclass(frozen=True)
class Federation:
    """One that runs.

    Attributes:
        kits: of its participants.
        running: its processes.
        lead: a session of the person who may send jobs.
        port: of the server.
        folder: for jobs and results.
    """

    kits: Kits
    running: Processes
    lead: FederationSession
    port: int
    folder: Path

    def settings(self, run: str, **more: Any) -> JobSettings:
        root = find_bundle("nodule_grading")
        return JobSettings(
            bundle="nodule_grading",
            bundle_sha256=bundle_sha256(root),
            sites=SITES,
            run=run,
            rounds=2,
            start="random",
            configs=("train.yaml", "smoke.yaml"),
            overrides={"batch_size": 2},
            **more,
        )

    def run(self, settings: JobSettings) -> Path:
        """Send a job, wait for its end; returns the folder of its result."""
        jobs = self.folder / "jobs"
        FederatedRecipe(settings).export(str(jobs))
        number = self.lead.submit(jobs / settings.run)
        self.lead.wait(number, PATIENCE_S, lambda: None)
        return self.lead.result(number, self.folder / "results")

    def submit(self, name: str, *options: str) -> list[str]:
        """What a lead types to send a job of the small network."""
        sites = [word for site in SITES for word in ("--site", site)]
        small = ["--config", "smoke.yaml", "--set", "batch_size=2", "--start", "random", "--run", name]
        return ["federate", "submit", "nodule_grading", "--kit", str(self.kits.people[LEAD]), *sites, *small, *options]

    def refusal(self, job: Path) -> str:
        """Send a job that is not to run; returns what the server tells about it."""
        number = self.lead.submit(job)
        status = self.lead.wait(number, PATIENCE_S, lambda: None)
        assert "COMPLETED" not in status
        return json.dumps(self.lead.details(number))


def project(port: int, *, sites: tuple[str, ...] = SITES, storage: Path) -> dict[str, Any]:
    """The example project on the loopback interface, with keys for encryption."""
    content: dict[str, Any] = yaml.safe_load(example_project())
    people = [person for person in content["participants"] if person["name"] == LEAD]
    content["participants"] = [
        {"name": "localhost", "type": "server", "org": "coordinator", "fed_learn_port": port},
        *({"name": site, "type": "client", "org": site} for site in sites),
        *people,
    ]
    own = content["builders"][2]
    own["args"] |= {"storage": str(storage), "bundles": ["nodule_grading"]}
    content["builders"].insert(3, {"path": "nvflare.lighter.impl.he.HEBuilder", "args": {"coeff_mod_bit_sizes": [60, 40, 40, 60]}})
    return content


def make_kits(folder: Path, content: dict[str, Any]) -> Kits:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "project.yml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return provision(folder / "project.yml", folder / "kits")


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory, grading_hospitals: Any) -> Iterator[Federation]:
    """A server, two sites whose data carry planted names, an intruder of the same name as a third, and a lead's session."""
    folder = tmp_path_factory.mktemp("provisioned")
    port = free_port()
    kits = make_kits(folder / "own", project(port, storage=folder / "stored"))
    described = {site.name: site for site in read_site_file(grading_hospitals.site_file)}
    for name, kit in kits.sites.items():
        plant(described[name].datalist, folder / PLANTED[1] / name)
        entry = {"datalist": str(folder / PLANTED[1] / name / "datalist.json"), "device": "cpu"}
        (kit / "local" / "nodulescope.yaml").write_text(yaml.safe_dump({"sites": {name: entry}}), encoding="utf-8")
    stranger = make_kits(folder / "stranger", project(port, sites=("north", "west"), storage=folder / "strangers"))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    with processes(environment, folder / "logs") as running, session_when_ready(running, kits) as lead:
        for kit in kits.sites.values():
            running.start_site(kit)
        running.start_site(stranger.sites["west"])
        lead.wait_for_sites(SITES, len(SITES), PATIENCE_S)
        yield Federation(kits, running, lead, port, folder)


@contextlib.contextmanager
def session_when_ready(running: Processes, kits: Kits) -> Iterator[FederationSession]:
    running.start_server(kits.server)
    with session(kits.people[LEAD], PATIENCE_S) as lead:
        yield lead


def plant(datalist: Path, into: Path) -> None:
    """Copy a site's data into a folder with a telling name, as the data of a patient with a telling name."""
    shutil.copytree(datalist.parent, into)
    content = json.loads((into / "datalist.json").read_text(encoding="utf-8"))
    for items in content.values():
        for item in items:
            item["patient"] = f"{PLANTED[0]}-{item['patient']}"
    (into / "datalist.json").write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.slow
def test_a_job_with_differential_privacy(federation: Federation) -> None:
    measures = {"gaussian": {"clip_norm": 0.5, "noise_multiplier": 4.0, "delta": 1e-6}}
    ledger = complete(federation.run(federation.settings("private", privacy=measures)))
    for number in (1, 2):
        for site in SITES:
            told = ledger.rounds[number][site].privacy
            assert told["releases"] == number
            assert told["epsilon"] == pytest.approx(epsilon_spent([Release(4.0)] * number, 1e-6))
            assert told["delta"] == 1e-6
    # The site's own record says the same, and stays at the site.
    record = json.loads((federation.kits.sites["north"] / "north-privacy-spent.json").read_text(encoding="utf-8"))
    assert [entry["round"] for entry in record] == [1, 2]


@pytest.mark.slow
def test_the_command_sends_a_job_with_encrypted_layers_and_a_site_decrypts_the_result(
    federation: Federation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(federation.folder)
    Path("privacy.yaml").write_text(yaml.safe_dump({"encrypted": {"layers": r"^heads\."}}), encoding="utf-8")
    result = Path("results") / "encrypted"  # a folder as people name it, relative to where they are
    options = ["--rounds", "2", "--privacy", "privacy.yaml", "-o", str(result)]
    assert run(federation.submit("encrypted", *options)) == 0
    told = capsys.readouterr()
    assert "was taken; waiting for its end" in told.err
    assert f"a hospital makes the bundle with `nodulescope federate decrypt {result} --kit KIT`" in told.out
    ledger = complete(result)
    settings = ledger.settings
    start = starting_network(settings, Place(None, result, result, None)).state_dict()
    chosen = sorted(name for name in start if name.startswith("heads."))
    assert chosen
    for site in SITES:
        assert ledger.rounds[2][site].privacy == {"encrypted_layers": len(chosen), "of_layers": len(start)}
    sealed = torch.load(result / "last.pt", weights_only=True)
    assert sorted(name.removesuffix(SUFFIX) for name in sealed if name.endswith(SUFFIX)) == chosen
    with pytest.raises(InputError, match="has no secret key"):
        decrypt_weights(result / "last.pt", federation.kits.server)
    opened = decrypt_weights(result / "last.pt", federation.kits.sites["south"])
    assert {name: value.shape for name, value in opened.items()} == {name: value.shape for name, value in start.items()}
    for name in chosen:
        moved = (opened[name] - start[name]).abs().max()
        assert 0 < moved < 0.5, name  # two epochs have moved it, and nothing was garbled
    assert math.isfinite(ledger.global_metric[2])

    assert run(["federate", "decrypt", str(result), "--kit", str(federation.kits.server)]) == 3
    assert run(["federate", "decrypt", str(result), "--kit", str(federation.kits.sites["north"])]) == 0
    metadata = json.loads((result / "bundle" / "configs" / "metadata.json").read_text(encoding="utf-8"))
    assert metadata["federation"]["privacy"] == {"encrypted": {"layers": r"^heads\."}}
    assert [site["name"] for site in metadata["federation"]["sites"]] == ["site 1", "site 2"]


@pytest.mark.slow
def test_a_site_that_withdrew_the_bundle_is_named_by_the_command(
    federation: Federation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(federation.folder)
    allow = ["federate", "allow", "nodule_grading", "--kit", str(federation.kits.sites["south"]), "--quiet"]
    assert run([*allow, "--withdraw"]) == 0
    try:
        assert run(federation.submit("withdrawn", "-o", "results/withdrawn")) == 2
    finally:
        assert run(allow) == 0
    told = capsys.readouterr().err
    assert "south does not take the job: the job trains the bundle 'nodule_grading', which is not on this site's allow list" in told
    assert "did not begin: refused by south; 2 sites are needed" in told


@pytest.mark.slow
def test_stopping_the_command_stops_the_job(federation: Federation) -> None:
    options = federation.submit("stopped", "--rounds", "500", "-o", str(federation.folder / "results" / "stopped"))
    with subprocess.Popen([*COMMAND, *options], stderr=subprocess.PIPE, text=True) as submit:
        assert submit.stderr is not None
        taken = submit.stderr.readline()
        assert "was taken" in taken, taken
        number = taken.split()[1]
        ledger = federation.kits.server / "nodulescope" / "stopped" / "participation.json"
        until = time.monotonic() + PATIENCE_S
        while not ledger.is_file() and time.monotonic() < until:  # its first round is over
            time.sleep(0.5)
        submit.send_signal(signal.SIGINT)
        rest = submit.stderr.read()
    assert f"Job {number} is stopped at all sites; --resume goes on after its last whole round" in rest
    assert submit.returncode == 130
    assert "ABORTED" in federation.lead.wait(number, PATIENCE_S, lambda: None)


@pytest.mark.slow
def test_without_a_certificate_of_the_federation_nobody_gets_in(federation: Federation) -> None:
    root = federation.kits.sites["north"] / "startup" / "rootCA.pem"
    own = federation.kits.sites["north"] / "startup"
    foreign = federation.folder / "stranger" / "kits" / "north" / "startup"
    assert shakes_hands(federation.port, root, own)
    assert not shakes_hands(federation.port, root, foreign)  # the name of a hospital, signed by somebody else
    assert not shakes_hands(federation.port, root, None)
    # The intruder's process has knocked since the beginning.
    present = federation.lead.wait_for_sites((*SITES, "west"), 2, 0.0)
    assert present == list(SITES)


@pytest.mark.slow
def test_jobs_that_a_site_has_not_allowed_are_refused(federation: Federation) -> None:
    FederatedRecipe(federation.settings("changed")).export(str(federation.folder / "jobs"))
    job = federation.folder / "jobs" / "changed"
    for config in job.rglob("config_fed_*.json"):
        config.write_text(config.read_text(encoding="utf-8").replace(bundle_sha256(find_bundle("nodule_grading")), "b" * 64))
    assert "hash bbbbbbbbbbbb..., which is not on this site's allow list" in federation.refusal(job)
    FederatedRecipe(federation.settings("coded")).export(str(federation.folder / "jobs"))
    job = federation.folder / "jobs" / "coded"
    custom = next(job.rglob("config_fed_client.json")).parents[1] / "custom"
    custom.mkdir()
    (custom / "spy.py").write_text("print('hello')\n")
    told = federation.refusal(job)
    assert "BYOC not permitted" in told or "the job brings custom/spy.py" in told


@pytest.mark.slow
def test_nothing_that_left_a_site_tells_a_name(federation: Federation) -> None:
    """Runs last: everything that the server, its storage and the lead have got in all jobs before."""
    for folder in (federation.kits.server, federation.folder / "stored", federation.folder / "results", federation.kits.people[LEAD]):
        assert find_names(folder, PLANTED) == [], folder
    at_home = find_names(federation.folder / PLANTED[1], PLANTED)
    assert any(leak.name == PLANTED[0] for leak in at_home)  # it would have been found


def complete(result: Path) -> Ledger:
    ledger = read_ledger(result)
    assert ledger.status is Status.COMPLETE, ledger.why
    return ledger


def shakes_hands(port: int, root: Path, startup: Path | None) -> bool:
    """Whether the server goes on after the TLS handshake. In TLS 1.3 a refusal comes with the first answer."""
    context = ssl.create_default_context(cafile=str(root))
    context.set_alpn_protocols(["h2"])
    if startup is not None:
        context.load_cert_chain(startup / "client.crt", startup / "client.key")
    with socket.create_connection(("localhost", port), timeout=30) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="localhost") as secure:
                secure.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
                return len(secure.recv(9)) == 9
        except (ssl.SSLError, ConnectionError):
            return False
