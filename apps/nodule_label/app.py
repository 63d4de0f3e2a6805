"""The application: its models, trainings, strategies and scores, put together for MONAI Label."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monailabel.interfaces.app import MONAILabelApp
from monailabel.interfaces.datastore import Datastore

from nodulescope.apps.nodule_label.http_errors import not_found, told_over_http
from nodulescope.apps.nodule_label.labelled_scans import LabelledScans
from nodulescope.apps.nodule_label.model_task import MODELS, ModelTask
from nodulescope.apps.nodule_label.quality import study_violations
from nodulescope.apps.nodule_label.recent_images import RecentImages
from nodulescope.apps.nodule_label.scoring_tasks import scoring_tasks
from nodulescope.apps.nodule_label.served_models import ServedModels
from nodulescope.apps.nodule_label.state_folder import is_address, state_folder_of
from nodulescope.apps.nodule_label.strategies import strategies
from nodulescope.apps.nodule_label.studies import DicomWebStudies, FolderStudies
from nodulescope.apps.nodule_label.submitted_labels import Kind, SubmittedLabels
from nodulescope.apps.nodule_label.training_task import TrainingTask
from nodulescope.apps.nodule_label.versions import Versions
from nodulescope.bundles.contracts import CTVolume, LungMask
from nodulescope.bundles.errors import NodulescopeError, UsageError
from nodulescope.bundles.predictors import STAGES

logger = logging.getLogger(__name__)

NAME = "nodulescope"
DESCRIPTION = "Lung nodules on chest CT: lungs, detection, outlines, grading. For research, not for clinical use."


class NoduleLabelApp(MONAILabelApp):
    """MONAI Label's application of nodulescope.

    Args:
        app_dir: the folder that the server was started with.
        studies: a folder, or the address of a DICOMweb server.
        conf: ``--conf KEY VALUE`` pairs: ``state`` (folder of versions and labels), ``device``, and STAGE for another bundle's folder.
    """

    def __init__(self, app_dir: str, studies: str, conf: Mapping[str, str] | None) -> None:
        settings = dict(conf or {})
        # MONAI Label looks for programs of this environment, dcmqi among them, on the search path, and downloads what it does not find.
        os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
        self.state = state_folder_of(studies, settings.get("state"))
        self.versions = Versions(self.state.versions, {stage: Path(settings[stage]) for stage in STAGES if stage in settings})
        self.models = ServedModels(self.versions, settings.get("device", "auto"))
        self.images = RecentImages()
        self.submitted = SubmittedLabels(self.state.labels)
        self.labelled = LabelledScans(self.state.annotations, self.submitted, self.read_study, self.find_lungs)
        super().__init__(app_dir=app_dir, studies=studies, conf=settings, name=NAME, description=DESCRIPTION, version="1")

    def init_datastore(self) -> Datastore:
        """The studies."""
        studies = str(self.studies)
        return DicomWebStudies(studies.rstrip("/"), self.state) if is_address(studies) else FolderStudies(studies, self.state)

    def init_infers(self) -> dict[str, ModelTask]:
        """Every model, by its name in ``/infer/NAME``."""
        downloads = self.state.root / "downloads"
        return {name: ModelTask(served, self.models, self.images, downloads) for name, served in MODELS.items()}

    def init_trainers(self) -> dict[str, TrainingTask]:
        """One training per bundle, by its name in ``/train/NAME``."""
        return {stage: TrainingTask(stage, self.versions, self.labelled, self.state.trainings) for stage in STAGES}

    def init_strategies(self) -> dict[str, Any]:
        """How the next scan is chosen, by the name in ``/activelearning/NAME``."""
        return dict(strategies(self.state.scores))

    def init_scoring_methods(self) -> dict[str, Any]:
        """What is measured on studies and labels, by the name in ``/scoring/NAME``."""
        return dict(scoring_tasks(self))

    def infer(self, request: dict[str, Any], datastore: Datastore | None = None) -> dict[str, Any]:
        """Answer ``/infer``; what cannot be answered is told with an HTTP status."""
        model = str(request.get("model"))
        if model not in self._infers:
            raise not_found("model", model, sorted(self._infers))
        with told_over_http():
            asked = {key: value for key, value in request.items() if value is not None}
            if not os.path.exists(asked["image"]):  # noqa: PTH110  any text may stand here
                self.datastore().require_study(asked["image"])
            asked.update(self._marked(asked))
            answer: dict[str, Any] = super().infer(asked, datastore)
            return answer

    def next_sample(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer ``/activelearning``."""
        strategy = str(request.get("strategy"))
        if strategy not in self._strategies:
            raise not_found("strategy", strategy, sorted(self._strategies))
        with told_over_http():
            chosen: dict[str, Any] = super().next_sample(request)
            return chosen

    def train(self, request: dict[str, Any]) -> dict[str, Any]:
        """Train a bundle; runs in a process of its own, whose last lines `GET /train/` shows."""
        if self._server_mode:  # asked to train in the server itself
            with told_over_http():
                return self._train(request)
        try:
            return self._train(request)
        except NodulescopeError as error:
            raise SystemExit(str(error)) from None  # the last line, with which the client sees the training end

    def _train(self, request: dict[str, Any]) -> dict[str, Any]:
        if request.get("model") not in self._trainers:
            raise UsageError(f"{request.get('model')}: cannot be trained; there are {', '.join(self._trainers)}")
        result: dict[str, Any] = super().train(request)
        return result

    def bundle_path(self, model: str | None) -> str | None:
        """Refuse trainings and batches of unknown models: MONAI Label asks here before it starts a process for them.

        Returns:
            None: no bundle needs its folder on the path of Python's modules.
        """
        if model is not None and model not in self._infers and model not in self._trainers:
            raise not_found("model", model, sorted({*self._infers, *self._trainers}))
        return None

    def on_save_label(self, image_id: str, label_id: str) -> dict[str, Any]:
        """Hold a label that was just submitted against the annotation rules; what it breaks goes back with the answer."""
        try:
            violations = study_violations(self.labelled, image_id)
        except NodulescopeError as error:
            return {"violations": [], "not_checked": str(error)}
        return {"violations": [violation.to_json() for violation in violations]}

    def read_study(self, study: str) -> CTVolume:
        """A study's CT."""
        return self.images.read(self.datastore().require_study(study))

    def find_lungs(self, ct: CTVolume) -> tuple[LungMask, str]:
        """Lungs that no reader labelled, and where they are from."""
        return self.models.lungs(ct), f"lung_segmentation version {self.versions.served('lung_segmentation').number}"

    def _marked(self, request: Mapping[str, Any]) -> dict[str, str]:
        """The label that a grading may refer to: what came along with the request, else what a reader submitted for the study."""
        if request.get("label") and os.path.exists(str(request["label"])):  # noqa: PTH110
            file = str(request["label"])
            return {"marked_file": file, "marked_kind": Kind.BOXES if file.endswith(".json") else Kind.NODULES}
        labels = [self.submitted.newest(str(request["image"]), kind) for kind in (Kind.NODULES, Kind.BOXES)]
        newest = max((label for label in labels if label is not None), key=lambda label: label.at_s, default=None)
        return {} if newest is None else {"marked_file": str(newest.file), "marked_kind": newest.kind}
