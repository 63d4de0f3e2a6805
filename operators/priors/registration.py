"""Registering the lungs of a prior scan to those of the current one, with sitk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG
from nodulescope.operators.priors.lung_images import Image, LungImages, sitk

Transform = Any
"""A transform of SimpleITK, which ships no types."""

PointMap = Callable[[ArrayLike], NDArray[np.float64]]
"""From LPS mm of the prior scan to LPS mm of the current one, shape (n, 3) on both sides."""

Box = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Lowest and highest corner, LPS mm."""

LEAST_DICE = 0.85
"""Below this overlap of the lungs the scans do not fit each other, and no nodule is matched."""

DICE_NOISE = 0.005
"""Overlaps that differ less are equal: voxels of 4 mm at the lungs' surface turn on a hair."""

AFFINE_REACH_MM, DEFORMABLE_REACH_MM = 20.0, 8.0
"""How far around the prior's lungs the measure of likeness is taken, in the two stages."""

AFFINE_STEPS, DEFORMABLE_STEPS = 80, 15
"""Most iterations of the optimisers on each level of resolution."""

DEFORMABLE_ACCURACY = 1e-6
"""Slope of the mean squares (of densities from 0 to 1) at which the deformation is good enough."""

FIRST_STEP_MM, LAST_STEP_MM, STEP_RELAXATION = 4.0, 0.02, 0.6
"""Steps of the affine stage, in shift of the farthest voxel: a voxel at first, shorter at every turn, until they move nothing."""

KNOT_MM = 60.0
"""Distance between the knots of the deformation. Finer ones were slower and, on phantom pairs with known motion, no better."""

LEAST_SCALE, MOST_SCALE = 0.6, 1.6
"""Stretch along any direction beyond which two scans do not show the same chest: from full inspiration to expiration the height of the
lungs changes by a third at most."""

LEAST_JACOBIAN = 0.1
"""Volume ratio below which the deformation has folded the lungs; the affine registration is kept then."""

WORK_UNITS = 4
"""Parts in which sums are taken, always the same number, so that the result does not depend on how many cores there are."""

DEFORMABLE_GATE_MM, AFFINE_GATE_MM = 12.0, 20.0
"""Farthest that a nodule may lie from where the registration puts it."""

AFFINE_ONLY = "The deformable registration of the lungs failed; nodules were matched after the affine one, which is less exact."

INVERSION_STEPS = 30
"""Steps of the fixed-point iteration that inverts a map of points; each takes at least 40 % off the error for any accepted stretch."""


class Method(StrEnum):
    """How two scans were brought together, the most exact first."""

    DEFORMABLE = "lungs registered, affine and deformable"
    AFFINE = "lungs registered, affine only"
    EXTENT = "extents of the lungs"
    PATTERN = "pattern of the nodules"


class NotRegistered(Exception):
    """The scans could not be brought together. The message is one sentence that says why."""


@dataclass(frozen=True)
class Registration:
    """Where places of the prior scan lie in the current one.

    Attributes:
        method: how it was done.
        to_current: the map of points.
        gate_mm: farthest that a nodule may lie from where the map puts it and still be the same.
        lung_dice: overlap of the lungs (each with its own side) afterwards, 0 to 1; None where there are no lungs to overlap.
        warnings: what a reader must know.
    """

    method: Method
    to_current: PointMap
    gate_mm: float
    lung_dice: float | None = None
    warnings: tuple[str, ...] = ()

    def to_prior(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Where points of the current scan lie in the prior one: the inverse of ``to_current``, by fixed-point iteration."""
        goal = np.asarray(points_mm, dtype=np.float64).reshape(-1, 3)
        points = goal
        for _ in range(INVERSION_STEPS):
            points = points + (goal - self.to_current(points))
        return points


def register_lungs(prior: LungImages, current: LungImages) -> Registration:
    """Register the lungs of two scans: boxes around them, then affine on distances to their surface, then B-splines on their density.

    No random numbers are drawn: the measure of likeness is taken at every voxel in and near the prior's lungs.

    Raises:
        NotRegistered: the lungs do not overlap enough, or only after an impossible stretch.
    """
    affine = _affine(prior, current)
    stretch = np.linalg.svd(np.array(affine.GetMatrix(), dtype=np.float64).reshape(3, 3), compute_uv=False)
    if not (stretch.min() >= LEAST_SCALE and stretch.max() <= MOST_SCALE):
        raise NotRegistered(f"The lungs of the prior would have to be stretched {stretch.max():.1f} times to fit the current ones.")
    dice = lung_dice(prior, current, affine)
    deformed = _deformed(prior, current, affine, dice)
    if deformed is not None:
        dice = lung_dice(prior, current, deformed)
    if dice < LEAST_DICE:
        raise NotRegistered(f"After registration the lungs overlap by {dice:.2f} (Dice) only; at least {LEAST_DICE:.2f} is asked for.")
    if deformed is not None:
        return Registration(Method.DEFORMABLE, _point_map(deformed), DEFORMABLE_GATE_MM, dice)
    return Registration(Method.AFFINE, _point_map(affine), AFFINE_GATE_MM, dice, (AFFINE_ONLY,))


def lung_dice(prior: LungImages, current: LungImages, transform: Transform) -> float:
    """Overlap of the lungs, right with right and left with left: 2 |A and B| / (|A| + |B|), on the prior's grid."""
    moved = sitk.GetArrayFromImage(sitk.Resample(current.labels, prior.labels, transform, sitk.sitkNearestNeighbor, 0))
    fixed = sitk.GetArrayFromImage(prior.labels)
    common = sum(int(np.count_nonzero((moved == label) & (fixed == label))) for label in (RIGHT_LUNG, LEFT_LUNG))
    return 2.0 * common / max(int(np.count_nonzero(moved)) + int(np.count_nonzero(fixed)), 1)


def _affine(prior: LungImages, current: LungImages) -> Transform:
    """Bring the boxes around the lungs together, then their surfaces."""
    start = _box_to_box(_box(prior.labels), _box(current.labels))
    found = sitk.AffineTransform(start)
    method = _registration(prior, AFFINE_REACH_MM)
    method.SetOptimizerAsRegularStepGradientDescent(FIRST_STEP_MM, LAST_STEP_MM, AFFINE_STEPS, STEP_RELAXATION, 1e-6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(found, inPlace=True)
    try:
        method.Execute(prior.distance, current.distance)
    except RuntimeError:  # no voxel overlaps on the way: the boxes are the best that is known, and the overlap tells whether it is enough
        return start
    return found if lung_dice(prior, current, found) >= lung_dice(prior, current, start) else start


def _box_to_box(box: Box, target: Box) -> Transform:
    """The transform that lays a box on another."""
    (low, high), (new_low, new_high) = box, target
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(np.diag((new_high - new_low) / (high - low)).ravel().tolist())
    transform.SetCenter(((low + high) / 2).tolist())
    transform.SetTranslation(((new_low + new_high) / 2 - (low + high) / 2).tolist())
    return transform


def _deformed(prior: LungImages, current: LungImages, affine: Transform, dice: float) -> Transform | None:
    """The affine transform after a deformation that makes the lungs overlap no worse and folds nothing; None when there is none."""
    try:
        deformation = _deformation(prior, current, affine)
    except RuntimeError:  # the optimiser met a deformation in which no voxel overlaps
        return None
    deformed = sitk.CompositeTransform([affine, deformation])
    good = lung_dice(prior, current, deformed) >= dice - DICE_NOISE and _least_jacobian(prior, deformed) >= LEAST_JACOBIAN
    return deformed if good else None


def _deformation(prior: LungImages, current: LungImages, affine: Transform) -> Transform:
    """What has to be done before the affine transform so that vessels and surfaces meet."""
    size = np.asarray(prior.density.GetSize()) * prior.density.GetSpacing()
    mesh = [max(round(float(edge) / KNOT_MM), 2) for edge in size]
    method = _registration(prior, DEFORMABLE_REACH_MM)
    # Half the resolution is enough for vessels of the size that a knot feels, and takes an eighth of the time.
    method.SetShrinkFactorsPerLevel([2])
    method.SetSmoothingSigmasPerLevel([0.0])
    method.SetMovingInitialTransform(affine)
    method.SetInitialTransform(sitk.BSplineTransformInitializer(prior.density, mesh), inPlace=False)
    method.SetOptimizerAsLBFGS2(solutionAccuracy=DEFORMABLE_ACCURACY, numberOfIterations=DEFORMABLE_STEPS)
    return method.Execute(prior.density, current.density)


def _registration(prior: LungImages, reach_mm: float) -> Any:
    """Mean squares at every voxel within reach of the prior's lungs, on half and on full resolution."""
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMeanSquares()
    method.SetMetricFixedMask(prior.distance < reach_mm)
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetShrinkFactorsPerLevel([2, 1])
    method.SetSmoothingSigmasPerLevel([1.0, 0.0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOff()
    method.SetNumberOfWorkUnits(WORK_UNITS)
    return method


def _box(labels: Image) -> Box:
    """The box around the lungs."""
    voxels = sitk.GetArrayFromImage(labels).transpose(2, 1, 0) > 0
    spans = [np.flatnonzero(voxels.any(axis=tuple(a for a in range(3) if a != axis)))[[0, -1]] for axis in range(3)]
    index = np.array(spans, dtype=np.float64).T + np.array([[-0.5], [0.5]])
    low, high = index * labels.GetSpacing() + labels.GetOrigin()
    return low, high


def _least_jacobian(prior: LungImages, transform: Transform) -> float:
    """Smallest ratio of volumes after to before, in the prior's lungs."""
    grid = prior.labels
    field = sitk.TransformToDisplacementField(
        transform, sitk.sitkVectorFloat64, grid.GetSize(), grid.GetOrigin(), grid.GetSpacing(), grid.GetDirection()
    )
    jacobian = sitk.GetArrayFromImage(sitk.DisplacementFieldJacobianDeterminant(field))
    return float(jacobian[sitk.GetArrayFromImage(grid) > 0].min())


def _point_map(transform: Transform) -> PointMap:
    def to_current(points_mm: ArrayLike) -> NDArray[np.float64]:
        points = np.asarray(points_mm, dtype=np.float64).reshape(-1, 3)
        return np.array([transform.TransformPoint(point) for point in points.tolist()], dtype=np.float64).reshape(-1, 3)

    return to_current
