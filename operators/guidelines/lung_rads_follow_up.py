"""Lung-RADS v2022 for one nodule, with what the prior examination adds: growth, new size classes, steps down.

Where the table and its notes leave a case open, the more cautious reading is taken, and said so below.
"""

from __future__ import annotations

from nodulescope.operators.examination.nodule import Nodule, NoduleType, Status
from nodulescope.operators.guidelines.features import Size, is_calcified_throughout, is_spiculated, size_of
from nodulescope.operators.guidelines.follow_up import Earlier
from nodulescope.operators.guidelines.growth import Growth, growth, solid_part_growth
from nodulescope.operators.guidelines.lung_rads import (
    Category,
    Classed,
    Row,
    at_baseline,
    by_row,
    when_growing,
    when_new,
    with_active_solid_part,
)


def classify_nodule(nodule: Nodule, past: Earlier | None) -> Classed | None:
    """Class one nodule.

    - Calcified throughout: category 1, unless it grew.
    - A mass (over 30 mm) is 4B, and one that was 4X stays so while it does not shrink; pure ground glass keeps its own row for 30 mm and
      more.
    - Categories 3 and 4 that look spiculated are 4X (note 14); other suspicious features are not looked at.

    Args:
        nodule: with its status.
        past: the same nodule in the prior examination, or None.

    Returns:
        None where the solid part that the table asks for was not measured.
    """
    size = size_of(nodule)
    if is_calcified_throughout(nodule) and not (past is not None and _grew(nodule, past)):
        return by_row(Row.BENIGN_CALCIFICATION)
    if nodule.is_mass and size.type is not NoduleType.GROUND_GLASS:
        classed: Classed | None = _mass(past)
    elif past is not None:
        classed = beside_prior(size, past)
    else:
        classed = when_new(size) if nodule.status is Status.NEW else at_baseline(size)
    if classed is not None and classed.category.rank >= Category.PROBABLY_BENIGN.rank and is_spiculated(nodule):
        return by_row(Row.SPICULATED)
    return classed


def beside_prior(size: Size, past: Earlier) -> Classed | None:
    """Class a nodule that the prior examination shows too.

    - A new or growing solid part, or growth of the whole, has rows of its own; what was higher before stays higher.
    - Whoever crosses a size threshold without growth is classed by size (note 5).
    - Category 4A steps down to 3 after 3 months, 3 to 2 after 6 months, where nothing grew. A step is not taken on slow growth, nor where
      volumes say that the nodule grows, nor before the time.
    - 4B and 4X have no step down in the table (but proof that it is benign): a stable nodule stays, a shrinking one is classed by size.

    Without a category in the prior, the one that its size had at baseline is taken.
    """
    whole, solid = growth(size, past), solid_part_growth(size, past)
    then = at_baseline(past.size) if past.size else None
    previous = _category(past.lung_rads) or (then.category if then else None)
    if solid is Growth.GROWTH:
        return _at_least(with_active_solid_part(size), previous)
    if whole is Growth.GROWTH:
        return _at_least(when_growing(size), previous)
    now = at_baseline(size)
    if now is None or previous is None:
        return now
    if then is not None and now.category.rank > then.category.rank:
        return _at_least(now, previous)
    if now.row is Row.GROUND_GLASS_FROM_30:
        return by_row(Row.GROUND_GLASS_FROM_30_STABLE)
    steady = Growth.SLOW not in (whole, solid) and past.status is not Status.GROWING
    return _stepped_down(now, previous, past, steady)


def _mass(past: Earlier | None) -> Classed | None:
    mass = by_row(Row.MASS)
    if past is None or past.status is Status.SHRINKING:
        return mass
    return _at_least(mass, _category(past.lung_rads))


def _grew(nodule: Nodule, past: Earlier) -> bool:
    return nodule.status is Status.GROWING or growth(size_of(nodule), past) is not Growth.NONE


def _stepped_down(now: Classed, previous: Category, past: Earlier, steady: bool) -> Classed:
    if previous.rank >= Category.VERY_SUSPICIOUS.rank:
        return now if past.status is Status.SHRINKING else Classed(previous, Row.STAYS)
    if previous is Category.SUSPICIOUS and steady and past.has_reached(3):
        return by_row(Row.STABLE_4A)
    if previous is Category.PROBABLY_BENIGN and steady and past.has_reached(6):
        return by_row(Row.STABLE_3)
    return now if now.category is previous else Classed(previous, Row.STAYS)


def _at_least(classed: Classed | None, previous: Category | None) -> Classed | None:
    if classed is None or previous is None or previous.rank <= classed.category.rank:
        return classed
    return Classed(previous, Row.STAYS)


def _category(text: str | None) -> Category | None:
    """The category of a nodule in the prior, without a modifier; 0 and 1 say nothing of its size and are as good as none."""
    known = {str(category): category for category in Category if category.rank >= Category.BENIGN.rank}
    return known.get((text or "").removesuffix("S"))
