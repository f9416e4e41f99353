"""Trees as plain arrays: where an input ends in each of them. Nothing but NumPy is needed to use what was learned."""

import numpy as np
from numpy.typing import NDArray


def leaves(
    feature: NDArray[np.int16],
    threshold: NDArray[np.float32],
    left: NDArray[np.int16],
    right: NDArray[np.int16],
    depth: int,
    x: NDArray[np.float32],
) -> NDArray[np.intp]:
    """(trees,) the leaf of each tree for an input x.

    Of each node (trees, nodes): which of x it looks at, up to which value the way goes left, and its children; a leaf's
    children are the leaf itself. `depth` is the longest way to a leaf.
    """
    trees = np.arange(len(feature))
    node = np.zeros(len(trees), np.intp)
    for _ in range(depth):
        goes_left = x[feature[trees, node]] <= threshold[trees, node]
        node = np.where(goes_left, left[trees, node], right[trees, node])
    return node
