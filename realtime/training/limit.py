"""The fit of the limit of detection: how far a movement must stand out for half of its kind to be found."""

from collections.abc import Sequence

import numpy as np

from realtime.recognition.classifier import Classifier
from realtime.spotting.limit import fit_z50
from realtime.spotting.patterns import Patterns
from realtime.training.peak_decision import Lesson, log_odds

FOUND_AT = 0.0
"""Log odds from which a movement counts as found: the decision says that it more likely is one than not."""


def fit_limit(lessons: Sequence[Lesson], decision: Classifier, patterns: Patterns) -> tuple[float, float]:
    """z₅₀ of the upper and of the lower face, from the movements that were added to recordings.

    ValueError if all or none of them were found.
    """
    added = [one for lesson in lessons for one in lesson.added if one.z > 0]
    found = np.array([log_odds(decision, one.peaks.inputs).max(initial=-np.inf) > FOUND_AT for one in added])
    z, upper = np.array([one.z for one in added]), np.array([patterns.upper[one.movement.unit] for one in added])
    return fit_z50(z[upper], found[upper]), fit_z50(z[~upper], found[~upper])
