"""The decision on bumps, fitted on planted videos: `realtime/recognition/classifier.npz`.

The videos are analysed into sessions; boosted trees are fitted to all candidates, labelled by the ground truth. Needs
scikit-learn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from medn.evaluation.spotting_metrics import IOU_AT_LEAST, iou
from realtime.batch import Tick
from realtime.drivers import StopSign
from realtime.recognition.classifier import INPUTS, Classifier, classifier_inputs, score_of
from realtime.recognition.recognizer import Recognized
from realtime.spotting.parameters import MAX_MICRO_S
from realtime.training.forest import boosted
from realtime.training.recordings import analysed, planted_videos
from realtime.types import Event

FOLDS = 5
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
"""Score thresholds that the training report lists."""


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """The trained classifier, and its results on held-out videos (folds by video)."""

    classifier: Classifier
    candidates: int
    hits: int
    by_threshold: tuple[tuple[float, float, float, float], ...]
    """Score threshold, precision, recall and false alarms a minute."""


def train(
    folders: Sequence[Path], workers: int, progress: Callable[[Tick], None], stop: StopSign, seed: int = 0
) -> TrainingReport:
    """Analyse the videos of folders with a `truth.csv`, and fit the classifier to all candidates.

    Raises `TruthError` for ground truth or videos that cannot be read.
    """
    truth = planted_videos(folders)
    events: list[Event] = []
    found: list[int] = []  # by each candidate, counted through the videos; -1: nothing
    video: list[int] = []
    positives, minutes = 0, 0.0
    for number, recording in enumerate(analysed(list(truth), workers, progress, stop, truth)):
        bumps = [one for one in recording.movements if "duration_s" in one.evidence]  # others only the peaks showed
        events += bumps
        true_s = truth[recording.video].spans_s
        found += [-1 if one < 0 else positives + one for one in found_by(bumps, true_s).tolist()]
        positives += len(true_s)
        video += [number] * len(bumps)
        minutes += recording.seconds / 60
    hit = np.array(found) >= 0
    classifier, scores = fit(events, hit, np.array(video), seed)
    rows = []
    for threshold in THRESHOLDS:
        accepted = scores >= threshold
        hits_accepted = int((accepted & hit).sum())
        false_alarms = int(accepted.sum()) - hits_accepted
        precision = hits_accepted / max(hits_accepted + false_alarms, 1)
        recalled = len(np.unique(np.array(found)[accepted & hit]))  # two candidates may find the same movement
        rows.append((threshold, precision, recalled / max(positives, 1), false_alarms / minutes))
    return TrainingReport(classifier, len(events), int(hit.sum()), tuple(rows))


def found_by(candidates: Sequence[Event], truth_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return (n,) int, which of the true (m, 2) spans, in s, each candidate overlaps most; -1 where no IoU is ≥ 0.5."""
    spans = np.array([(event.onset_s, event.offset_s) for event in candidates]).reshape(-1, 2)
    if not len(truth_s) or not len(spans):
        return np.full(len(spans), -1)
    overlaps = iou(truth_s, spans)
    return np.where(overlaps.max(axis=0) >= IOU_AT_LEAST, overlaps.argmax(axis=0), -1)


def fit(
    candidates: Sequence[Event], hit: NDArray[np.bool_], video: NDArray[np.int64], seed: int = 0
) -> tuple[Classifier, NDArray[np.float64]]:
    """Fit gradient-boosted trees with Platt calibration to n candidates.

    `hit`, (n,) bool, are the labels; `video`, (n,) int, the number of each candidate's video. Also returns (n,) each
    candidate's score by trees that were fitted without its video (folds by video); the calibration is fitted to these.
    Candidates longer than a micro-expression are left out, as the spotter rejects them; their score is 0.
    """
    rows = [_inputs(event) for event in candidates]
    names = list(INPUTS)
    x = np.array([[row[name] for name in names] for row in rows], np.float32)
    brief = x[:, names.index("duration_s")] <= MAX_MICRO_S
    fold = np.random.default_rng(seed).permutation(int(video.max()) + 1)[video] % FOLDS
    log_odds = np.zeros(len(x))
    for held_out in range(FOLDS):
        trees = _trees(seed).fit(x[brief & (fold != held_out)], hit[brief & (fold != held_out)])
        log_odds[fold == held_out] = trees.decision_function(x[fold == held_out])
    platt = LogisticRegression(C=1e3).fit(log_odds[brief, None], hit[brief])
    whole = _trees(seed).fit(x[brief], hit[brief])
    calibrated = platt.decision_function(log_odds[:, None])
    scores = np.array(
        [score_of(one, None) if is_brief else 0.0 for one, is_brief in zip(calibrated, brief, strict=True)]
    )
    return boosted(whole, names, (float(platt.coef_[0, 0]), float(platt.intercept_[0]))), scores


def _inputs(event: Event) -> dict[str, float]:
    return classifier_inputs(event.evidence, Recognized(event.evidence["micro"], event.emotion, event.aus))


def _trees(seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=400,
        early_stopping=False,  # the default holds out a tenth of the data above 10,000 samples, and stops early
        learning_rate=0.04,
        max_leaf_nodes=12,
        min_samples_leaf=12,
        l2_regularization=2.0,
        max_features=0.3,
        random_state=seed,
    )
