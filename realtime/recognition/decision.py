"""A decision on the matched filter's peaks in a file of one's own, in place of the shipped one.

`medn train-spotter` writes such files; `--spotter FILE` and the app's settings choose one.
"""

import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medn.errors import UserError
from realtime.recognition.classifier import Classifier, shipped_peak_classifier
from realtime.spotting.peak_features import PEAK_FEATURES


class DecisionError(UserError):
    """A file that holds no decision, or another one than it did."""


@dataclass(frozen=True, slots=True)
class DecisionFile:
    """Saved with every result: which decision it is of."""

    path: str
    sha256: str


def decision_file(path: Path) -> DecisionFile:
    """The decision in a file. Raises `DecisionError` if it holds none."""
    try:
        found = DecisionFile(str(path.resolve()), hashlib.sha256(path.read_bytes()).hexdigest())
    except OSError as error:
        raise DecisionError(f"The spotter's decision {path} cannot be read: {error.strerror}.") from None
    peak_decision(found)
    return found


def peak_decision(chosen: DecisionFile | None) -> Classifier:
    """The classifier of a file, or the shipped one. Raises `DecisionError` if the file is gone or was changed."""
    if chosen is None:
        return shipped_peak_classifier()
    path = Path(chosen.path)
    try:
        changed = hashlib.sha256(path.read_bytes()).hexdigest() != chosen.sha256
        decision = Classifier.load(path)
    except OSError as error:
        raise DecisionError(f"The spotter's decision {path} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        raise DecisionError(_NONE.format(path)) from None
    if changed:
        raise DecisionError(f"The spotter's decision {path} was changed meanwhile; choose it again.")
    if not _is_whole(decision):
        raise DecisionError(_NONE.format(path))
    return decision


_NONE = "{} holds no decision on peaks: make one with `medn train-spotter`, by --part peaks or --footage."


def _is_whole(decision: Classifier) -> bool:
    """Whether every way through its trees ends in a leaf, and it asks for what a peak has."""
    shape = decision.value.shape
    fields = (decision.feature, decision.threshold, decision.left, decision.right)
    if len(shape) != 2 or not min(shape) or any(field.shape != shape for field in fields):
        return False
    nodes = np.stack([decision.left, decision.right])
    return (
        decision.depth.shape == ()
        and 0 <= int(decision.depth) <= 64
        and decision.calibration.shape == (2,)
        and bool(np.isfinite(decision.value).all() and np.isfinite(decision.calibration).all())
        and bool(((nodes >= 0) & (nodes < shape[1])).all())
        and bool(((decision.feature >= 0) & (decision.feature < len(decision.names))).all())
        and set(decision.names.tolist()) <= set(PEAK_FEATURES)
    )
