"""What became of nodules since a prior examination: the two scans registered, nodules matched one to one, growth computed.

:func:`compare` is the way in for a prior at hand: a :class:`PriorStudy`, made from an examination or read from an earlier
``findings.json``. :func:`~nodulescope.operators.priors.following.follow_up` analyses the prior first.
"""

from nodulescope.operators.priors.comparison import PriorComparison, ResolvedNodule, compare
from nodulescope.operators.priors.prior_findings import find_prior_findings, read_prior_findings
from nodulescope.operators.priors.prior_study import PriorStudy, RecordedNodule, prior_from_examination
from nodulescope.operators.priors.tracking import with_prior

__all__ = [
    "PriorComparison",
    "PriorStudy",
    "RecordedNodule",
    "ResolvedNodule",
    "compare",
    "find_prior_findings",
    "prior_from_examination",
    "read_prior_findings",
    "with_prior",
]
