"""Learns the second stage from candidates whose truth is known: planted videos of training identities.

Candidates of sessions tell all that is needed, so `medn train-spotter` analyses the videos as any others. Needs
scikit-learn.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from medn.evaluation.spotting_metrics import IOU_AT_LEAST, iou
from realtime.results import Event
from realtime.spotting.decision import LONGEST_S, Decision, features

FOLDS = 5


def hits(candidates: Sequence[Event], truth_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n,) whether each candidate overlaps one of the true (m, 2) onset–offset spans with IoU ≥ 0.5."""
    spans = np.array([(event.onset_s, event.offset_s) for event in candidates]).reshape(-1, 2)
    if not len(truth_s) or not len(spans):
        return np.zeros(len(spans), np.bool_)
    return iou(truth_s, spans).max(axis=0) >= IOU_AT_LEAST


def learn(
    candidates: Sequence[Event], hit: NDArray[np.bool_], video: NDArray[np.int64], seed: int = 0
) -> tuple[Decision, NDArray[np.float64]]:
    """A decision from candidates, whether each is a hit, and the number of the video that it is from.

    Also returns each candidate's score as decided without its own video (folds by video), on which the calibration
    rests. Candidates that last too long are left out, as the spotter leaves them out; their score is 0.
    """
    told = [features(event) for event in candidates]
    names = list(told[0])
    x = np.array([[row[name] for name in names] for row in told], np.float32)
    brief = x[:, names.index("duration s")] <= LONGEST_S
    fold = np.random.default_rng(seed).permutation(int(video.max()) + 1)[video] % FOLDS
    log_odds = np.zeros(len(x))
    for held_out in range(FOLDS):
        learned = _trees(seed).fit(x[brief & (fold != held_out)], hit[brief & (fold != held_out)])
        log_odds[fold == held_out] = learned.decision_function(x[fold == held_out])
    platt = LogisticRegression(C=1e3).fit(log_odds[brief, None], hit[brief])
    whole = _trees(seed).fit(x[brief], hit[brief])
    scores = np.where(brief, platt.predict_proba(log_odds[:, None])[:, 1], 0.0)
    return _as_arrays(whole, names, (float(platt.coef_[0, 0]), float(platt.intercept_[0]))), scores


def _trees(seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=400,
        early_stopping=False,  # or above 10,000 samples it would keep a tenth aside and stop when it likes
        learning_rate=0.04,
        max_leaf_nodes=12,
        min_samples_leaf=12,
        l2_regularization=2.0,
        max_features=0.3,
        random_state=seed,
    )


def _as_arrays(learned: HistGradientBoostingClassifier, names: list[str], calibration: tuple[float, float]) -> Decision:
    trees = [stage[0].nodes for stage in learned._predictors]
    most = max(len(nodes) for nodes in trees)
    shape = (len(trees), most)
    feature, left, right = (np.zeros(shape, np.int16) for _ in range(3))
    threshold, value = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for t, nodes in enumerate(trees):
        n = len(nodes)
        leaf = nodes["is_leaf"].astype(bool)
        feature[t, :n] = np.where(leaf, 0, nodes["feature_idx"])
        threshold[t, :n] = np.where(leaf, 0, nodes["num_threshold"])
        left[t, :n] = np.where(leaf, np.arange(n), nodes["left"])
        right[t, :n] = np.where(leaf, np.arange(n), nodes["right"])
        value[t, :n] = np.where(leaf, nodes["value"], 0)
    slope, offset = calibration
    baseline = float(np.ravel(learned._baseline_prediction)[0])
    depth = max(int(nodes["depth"].max()) for nodes in trees)
    return Decision(
        names=np.array(names),
        feature=feature,
        threshold=threshold,
        left=left,
        right=right,
        value=value,
        depth=np.array(depth),
        calibration=np.array([slope, offset + slope * baseline]),
    )
