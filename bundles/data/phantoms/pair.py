"""One patient scanned twice: another breath, another position, another scanner, and nodules that grow, come and go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import map_coordinates

from nodulescope.bundles.data.phantoms.anatomy import Anatomy, extent, make_anatomy
from nodulescope.bundles.data.phantoms.body_tissues import paint_body
from nodulescope.bundles.data.phantoms.canvas import SLAB, Canvas
from nodulescope.bundles.data.phantoms.course import NoduleCourse, draw_courses
from nodulescope.bundles.data.phantoms.grid import FINE_SLICE_MM, Field, Grid, refine, sample, working_grid
from nodulescope.bundles.data.phantoms.lung_tissues import paint_lungs, paint_strands
from nodulescope.bundles.data.phantoms.nodule_spec import NoduleSpec
from nodulescope.bundles.data.phantoms.nodules import MadeNodule, Surface, nodule_at, paint_nodule, size_shape
from nodulescope.bundles.data.phantoms.patient import Patient, draw_patient
from nodulescope.bundles.data.phantoms.phantom import check_request, placer_in
from nodulescope.bundles.data.phantoms.placement import Site
from nodulescope.bundles.data.phantoms.posture import Motion, Posture, draw_posture
from nodulescope.bundles.data.phantoms.scan import PhantomScan
from nodulescope.bundles.data.phantoms.scanner import Scanner, draw_scanner
from nodulescope.bundles.data.phantoms.scanning import Surroundings, scan_body, surroundings_of
from nodulescope.bundles.data.phantoms.streams import Stream, generator
from nodulescope.bundles.data.phantoms.table import paint_table

FINEST_BODY_MM = 0.8
"""The body is composed no finer than this before it is moved: what is lost is less than a body kernel blurs."""

MOTION_STEP = 4
"""Coarse voxels (about 2 mm) from one point to the next at which the motion is computed; between them it is interpolated."""

AERATED_HU, DENSE_HU = -700.0, -500.0
"""Below the first, tissue is lung whose air leaves with the breath; above the second it is not compressed at all (vessels, walls)."""


@dataclass(frozen=True)
class PhantomPair:
    """Two scans of one patient. A nodule has the same ``id`` in the truth and the labels of both.

    Attributes:
        earlier, later: the scans; their truths hold only the nodules that they show.
        motion: maps points of one to the other.
    """

    earlier: PhantomScan
    later: PhantomScan
    motion: Motion = field(repr=False)


@dataclass(frozen=True)
class _Body:
    """The body without nodules and table, where its anatomy was computed."""

    seed: int
    patient: Patient
    anatomy: Anatomy
    canvas: Canvas


def make_phantom_pair(
    seed: int,
    *,
    scanners: tuple[Scanner, Scanner] | None = None,
    patient: Patient | None = None,
    courses: Sequence[NoduleCourse] | None = None,
    posture: Posture | None = None,
) -> PhantomPair:
    """Make one patient twice. The same arguments give the same bytes.

    The body is composed once, without nodules, and resampled into each scan, so that every vessel and fissure is the same. The nodules are
    painted into each scan at their size then: they move with the lung and are not compressed with it.

    Args:
        seed: 0 or more; draws everything that is not given.
        scanners: of the earlier and the later scan; two drawn ones when None.
        patient: whom it shows; drawn when None.
        courses: the nodules and what becomes of them; drawn when None.
        posture: of the later scan relative to the earlier one; drawn when None.

    Raises:
        UsageError: the seed is negative, or more than 255 nodules are asked for.
        InputError: the lungs have no room for the nodules.
    """
    check_request(seed, len(courses or ()))
    patient = patient or draw_patient(generator(seed, Stream.PATIENT))
    scanners = scanners or (draw_scanner(generator(seed, Stream.SCANNER)), draw_scanner(generator(seed, Stream.SCANNER, 1)))
    courses = draw_courses(generator(seed, Stream.COURSES)) if courses is None else courses
    posture = draw_posture(generator(seed, Stream.POSTURE, 1)) if posture is None else posture
    body = _compose(seed, patient, scanners)
    sites = _sites(body, courses)
    still, moved = (Motion(p, patient, body.canvas.coarse, seed) for p in (Posture(), posture))
    earlier = _scan(body, still, scanners[0], [c.earlier for c in courses], sites, "earlier")
    later = _scan(body, moved, scanners[1], [c.later for c in courses], sites, "later")
    return PhantomPair(earlier, later, moved)


def _compose(seed: int, patient: Patient, scanners: tuple[Scanner, Scanner]) -> _Body:
    """Paint the body on a grid as fine as the finer of the two scans."""
    finest = [max(min(s.spacing_mm[axis] for s in scanners), FINEST_BODY_MM) for axis in range(3)]
    grid, _ = working_grid(Scanner((finest[0], finest[1], min(finest[2], FINE_SLICE_MM))), *extent(patient))
    canvas = Canvas(grid)
    anatomy = make_anatomy(seed, patient, canvas.coarse)
    paint_body(canvas, anatomy, seed)
    paint_lungs(canvas, anatomy, (), seed)
    return _Body(seed, patient, anatomy, canvas)


def _sites(body: _Body, courses: Sequence[NoduleCourse]) -> dict[int, Site]:
    """A site in the earlier body for each nodule by its number, wide enough for its larger size; the largest nodules choose first."""
    placer, sites = placer_in(body.seed, body.anatomy), {}
    for index in sorted(range(len(courses)), key=lambda i: -courses[i].largest.diameter_mm):
        sized = size_shape(body.seed, index + 1, courses[index].largest)
        sites[index + 1] = placer.find(courses[index].spec.place, sized.radius_mm, sized.reach_mm)
    return sites


def _scan(
    body: _Body, motion: Motion, scanner: Scanner, specs: Sequence[NoduleSpec | None], sites: dict[int, Site], when: str
) -> PhantomScan:
    """Move the body, put its nodules in, scan it."""
    low, high = extent(body.patient)
    corners = motion.to_later(np.stack(np.meshgrid(*np.stack([low, high], axis=1), indexing="ij"), axis=-1).reshape(-1, 3))
    grid, split = working_grid(scanner, corners.min(axis=0), corners.max(axis=0))
    canvas = Canvas(grid)
    origins = _origins(body, motion, canvas.coarse)
    around = _moved_surroundings(body, origins, float(motion.to_later((0.0, 0.0, 0.0))[2]))
    _resample(canvas, body.canvas, origins)
    _compress(canvas, _moved(body.anatomy.lungs.both, origins), _compression(origins, body.canvas.coarse, canvas.coarse))
    made = _nodules(body, motion, specs, sites)
    for before_vessels in (True, False):
        for nodule in made:
            paint_nodule(canvas, nodule, before_vessels)
    paint_strands(canvas, made)
    paint_table(canvas, around.skin)
    noise, name = generator(body.seed, Stream.NOISE, 1 if when == "earlier" else 2), f"phantom {body.seed}, {when} scan"
    return scan_body(canvas, around, made, split, noise, seed=body.seed, scanner=scanner, patient=body.patient, name=name)


def _origins(body: _Body, motion: Motion, grid: Grid) -> Field:
    """Where the voxels of a coarse grid came from: indices (z, y, x) on the body's coarse grid, shape (3, *grid.shape)."""
    # The motion is so smooth that every fourth voxel tells it to a hundredth of a millimetre.
    shape = tuple(-(-(n - 1) // MOTION_STEP) + 1 for n in grid.shape)
    wide = (grid.spacing_mm[0] * MOTION_STEP, grid.spacing_mm[1] * MOTION_STEP, grid.spacing_mm[2] * MOTION_STEP)
    rough = Grid(grid.origin_mm, wide, (shape[0], shape[1], shape[2]))
    points = np.stack(np.broadcast_arrays(*rough.axes()), axis=-1)
    index = np.moveaxis(body.canvas.coarse.index(motion.to_earlier(points)), -1, 0).astype(np.float32)
    nz, ny, nx = grid.shape
    return np.stack([refine(np.ascontiguousarray(axis), (MOTION_STEP,) * 3)[:nz, :ny, :nx] for axis in index])


def _moved(values: Field, origins: Field) -> Field:
    """A field of the body at the indices where it came from."""
    return np.asarray(map_coordinates(values, origins, order=1, mode="nearest", output=np.float32))


def _moved_surroundings(body: _Body, origins: Field, dome_mm: float) -> Surroundings:
    """What surrounds the lungs of the moved body. Distances are those of the earlier body: good enough near their surface."""
    still = surroundings_of(body.anatomy)
    lungs = {label: _moved(lung, origins) for label, lung in still.lungs.items()}
    return replace(still, skin=_moved(still.skin, origins), radius=_moved(still.radius, origins), lungs=lungs, dome_mm=dome_mm)


def _resample(canvas: Canvas, still: Canvas, origins: Field) -> None:
    """Fill a canvas with the HU of the body where its voxels came from; beyond its ends the body goes on unchanged."""
    rows, step = len(canvas.hu), SLAB * canvas.factors[0]
    for first in range(0, rows, step):
        last = min(first + step, rows)
        part = origins[:, first // canvas.factors[0] : -(-(last - 1) // canvas.factors[0]) + 1]
        shape = (last - first, *canvas.hu.shape[1:])
        # Both grids of the body begin at the same voxel, so an index on the coarse one becomes one on the fine one by its factor.
        index = np.stack([canvas.fine(axis, shape) * np.float32(f) for axis, f in zip(part, still.factors, strict=True)])
        canvas.hu[first:last] = map_coordinates(still.hu, index, order=1, mode="nearest")


def _compression(origins: Field, body: Grid, grid: Grid) -> Field:
    """How much the tissue at each coarse voxel is compressed: volume in the earlier body of what fills a unit of volume now."""
    rows = [np.stack(np.gradient(axis), axis=-1) for axis in origins]
    determinant = np.sum(rows[0] * np.cross(rows[1], rows[2]), axis=-1)
    return np.asarray(determinant * np.float32(np.prod(body.spacing_mm) / np.prod(grid.spacing_mm)), dtype=np.float32)


def _compress(canvas: Canvas, lungs: Field, compression: Field) -> None:
    """Give the lungs the density that follows from the breath: air leaves, tissue stays."""
    for coarse_box, fine_box in canvas.blocks(lungs, 0.0):
        block = canvas.hu[fine_box]
        share = canvas.cover(lungs[coarse_box], canvas.edge_mm, block.shape)
        share *= np.clip((np.float32(DENSE_HU) - block) / np.float32(DENSE_HU - AERATED_HU), 0, 1)
        block += share * (block + np.float32(1000)) * (canvas.fine(compression[coarse_box], block.shape) - 1)


def _nodules(body: _Body, motion: Motion, specs: Sequence[NoduleSpec | None], sites: dict[int, Site]) -> list[MadeNodule]:
    """The nodules of one scan, at their sites in the moved body."""
    lungs = {label: _moved_surface(values, body, motion) for label, values in body.anatomy.lungs.lung.items()}
    made = []
    for number, spec in enumerate(specs, 1):
        if spec is not None:
            site = replace(sites[number], centre_mm=motion.to_later(sites[number].centre_mm))
            made.append(nodule_at(body.seed, number, spec, size_shape(body.seed, number, spec), site, lungs))
    return made


def _moved_surface(values: Field, body: _Body, motion: Motion) -> Surface:
    def surface(points_mm: ArrayLike) -> NDArray[np.float64]:
        return sample(values, body.canvas.coarse, motion.to_earlier(points_mm))

    return surface
