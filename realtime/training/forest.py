"""Trees of scikit-learn as the plain arrays of a `Classifier`, and two classifiers as one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier

from realtime.recognition.classifier import Classifier

TREES = 200


def boosted(
    fitted: HistGradientBoostingClassifier, names: Sequence[str], calibration: tuple[float, float]
) -> Classifier:
    """Boosted trees with a calibration (slope and offset of the log odds)."""
    stages = [stage[0].nodes for stage in fitted._predictors]
    slope, offset = calibration
    baseline = float(np.ravel(fitted._baseline_prediction)[0])
    trees = []
    for nodes in stages:
        leaf = nodes["is_leaf"].astype(bool)
        own = np.arange(len(nodes))
        trees.append(
            (
                np.where(leaf, 0, nodes["feature_idx"]),
                np.where(leaf, 0, nodes["num_threshold"]),
                np.where(leaf, own, nodes["left"]),
                np.where(leaf, own, nodes["right"]),
                np.where(leaf, nodes["value"], 0),
            )
        )
    depth = max(int(nodes["depth"].max()) for nodes in stages)
    return _packed(trees, names, depth, (slope, offset + slope * baseline))


def fit_forest(
    x: NDArray[np.float32], positive: NDArray[np.bool_], names: Sequence[str], seed: int, *, least_in_leaf: int
) -> Classifier:
    """Fit extremely randomised trees (Geurts et al. 2006), both classes of equal weight, to (n, names) inputs.

    A leaf's log odds are those of its share, with half a sample of each class added; the forest's are their mean.
    """
    forest = ExtraTreesClassifier(
        TREES, min_samples_leaf=least_in_leaf, max_features=0.4, bootstrap=False, random_state=seed, n_jobs=1
    ).fit(x, positive)
    odds = (~positive).sum() / max(positive.sum(), 1)
    trees = []
    for one in forest.estimators_:
        tree = one.tree_
        leaf, own = tree.children_left < 0, np.arange(tree.node_count)
        negatives, positives = (tree.value[:, 0] * tree.n_node_samples[:, None]).T  # the tree keeps shares
        value = np.log((positives * odds + 0.5) / (negatives + 0.5)) / TREES
        trees.append(
            (
                np.where(leaf, 0, tree.feature),
                np.where(leaf, 0, tree.threshold),
                np.where(leaf, own, tree.children_left),
                np.where(leaf, own, tree.children_right),
                np.where(leaf, value, 0),
            )
        )
    return _packed(trees, names, max(one.tree_.max_depth for one in forest.estimators_), (1.0, 0.0))


def joined(one: Classifier, other: Classifier, share: float) -> Classifier:
    """One classifier with the log odds of both: the other's with the weight `share`, the first's with the rest."""
    names = list(dict.fromkeys([*one.names.tolist(), *other.names.tolist()]))
    nodes = max(one.feature.shape[1], other.feature.shape[1])

    def stacked(field: str, scale: tuple[float, float] = (1, 1)) -> NDArray[np.float32]:
        parts = []
        for part, factor in zip((one, other), scale, strict=True):
            values = getattr(part, field)
            parts.append(factor * np.pad(values, ((0, 0), (0, nodes - values.shape[1]))))
        return np.concatenate(parts)

    places = [np.array([names.index(name) for name in part.names]) for part in (one, other)]
    feature = np.concatenate(
        [
            np.pad(place[part.feature], ((0, 0), (0, nodes - part.feature.shape[1])))
            for part, place in zip((one, other), places, strict=True)
        ]
    )
    weights = 1 - share, share
    slopes = [weight * float(part.calibration[0]) for weight, part in zip(weights, (one, other), strict=True)]
    offset = sum(weight * float(part.calibration[1]) for weight, part in zip(weights, (one, other), strict=True))
    return Classifier(
        names=np.array(names),
        feature=feature.astype(np.int16),
        threshold=stacked("threshold").astype(np.float32),
        left=stacked("left").astype(np.int16),
        right=stacked("right").astype(np.int16),
        value=stacked("value", (slopes[0], slopes[1])).astype(np.float32),
        depth=np.array(max(int(one.depth), int(other.depth))),
        calibration=np.array([1.0, offset]),
    )


def _packed(
    trees: Sequence[tuple[NDArray[np.generic], ...]],
    names: Sequence[str],
    depth: int,
    calibration: tuple[float, float],
) -> Classifier:
    """Trees of (feature, threshold, left, right, value) by node, padded to one size."""
    shape = (len(trees), max(len(tree[0]) for tree in trees))
    types: tuple[type, ...] = (np.int16, np.float32, np.int16, np.int16, np.float32)
    arrays: list[NDArray[Any]] = [np.zeros(shape, kind) for kind in types]
    for number, tree in enumerate(trees):
        for place, column in enumerate(tree):
            arrays[place][number, : len(column)] = column
    feature, threshold, left, right, value = arrays
    return Classifier(
        names=np.array(names),
        feature=feature,
        threshold=threshold,
        left=left,
        right=right,
        value=value,
        depth=np.array(depth),
        calibration=np.array(calibration),
    )
