"""Trees of scikit-learn as the plain arrays of a `Classifier`, and two classifiers as one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, HistGradientBoostingClassifier
from sklearn.tree._tree import Tree

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
    return _classifier(trees, names, depth, (slope, offset + slope * baseline))


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
        negatives, positives = (tree.value[:, 0] * tree.n_node_samples[:, None]).T  # the tree keeps shares
        trees.append(_nodes(tree, np.log((positives * odds + 0.5) / (negatives + 0.5)) / TREES))
    return _classifier(trees, names, max(one.tree_.max_depth for one in forest.estimators_), (1.0, 0.0))


def fit_regression(
    x: NDArray[np.float32], y: NDArray[np.float64], seed: int, *, trees: int, least_in_leaf: int
) -> dict[str, NDArray[Any]]:
    """Fit extremely randomised trees that foretell (n, k) numbers: the fields of `PeakBounds`."""
    forest = ExtraTreesRegressor(
        trees, min_samples_leaf=least_in_leaf, max_features=0.5, bootstrap=False, random_state=seed, n_jobs=1
    ).fit(x, y)
    fitted = [one.tree_ for one in forest.estimators_]
    return _padded([_nodes(tree, tree.value[:, :, 0]) for tree in fitted]) | {
        "depth": np.array(max(tree.max_depth for tree in fitted))
    }


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
        left=stacked("left").astype(np.int32),
        right=stacked("right").astype(np.int32),
        value=stacked("value", (slopes[0], slopes[1])).astype(np.float32),
        depth=np.array(max(int(one.depth), int(other.depth))),
        calibration=np.array([1.0, offset]),
    )


def _nodes(tree: Tree, value: NDArray[np.float64]) -> tuple[NDArray[Any], ...]:
    """The nodes of a fitted tree with what each adds if it is a leaf: feature, threshold, left, right, value."""
    leaf, own = tree.children_left < 0, np.arange(tree.node_count)
    return (
        np.where(leaf, 0, tree.feature),
        np.where(leaf, 0, tree.threshold),
        np.where(leaf, own, tree.children_left),
        np.where(leaf, own, tree.children_right),
        np.where(leaf.reshape(-1, *[1] * (value.ndim - 1)), value, 0),
    )


def _classifier(
    trees: Sequence[tuple[NDArray[Any], ...]], names: Sequence[str], depth: int, calibration: tuple[float, float]
) -> Classifier:
    return Classifier(names=np.array(names), depth=np.array(depth), calibration=np.array(calibration), **_padded(trees))


def _padded(trees: Sequence[tuple[NDArray[Any], ...]]) -> dict[str, NDArray[Any]]:
    """Trees of (feature, threshold, left, right, value) by node, padded to one size."""
    nodes = max(len(tree[0]) for tree in trees)
    types = {"feature": np.int16, "threshold": np.float32, "left": np.int32, "right": np.int32, "value": np.float32}
    fields = {}
    for place, (name, kind) in enumerate(types.items()):
        columns = [tree[place] for tree in trees]
        fields[name] = np.zeros((len(trees), nodes, *columns[0].shape[1:]), kind)
        for number, column in enumerate(columns):
            fields[name][number, : len(column)] = column
    return fields
