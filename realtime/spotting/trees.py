"""Trees as plain arrays: nothing but NumPy is needed to use what was learned."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Trees:
    """T trees with at most N nodes each; a leaf's children are the leaf itself."""

    feature: NDArray[np.int16]
    """(T, N) index of the input that a node looks at."""
    threshold: NDArray[np.float32]
    """(T, N): up to this value the way goes left."""
    left: NDArray[np.integer]
    right: NDArray[np.integer]
    value: NDArray[np.float32]
    """(T, N, …) what a leaf holds."""
    depth: NDArray[np.int64]
    """() the longest way to a leaf."""

    def leaves(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """(T, …) what the leaves hold that inputs x lead to, one of each tree."""
        trees = np.arange(len(self.feature))
        node = np.zeros(len(trees), np.intp)
        for _ in range(int(self.depth)):
            goes_left = x[self.feature[trees, node]] <= self.threshold[trees, node]
            node = np.where(goes_left, self.left[trees, node], self.right[trees, node])
        found: NDArray[np.float32] = self.value[trees, node]
        return found

    def save(self, path: Path) -> None:
        """Write the arrays."""
        np.savez_compressed(path, **asdict(self))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote; OSError or ValueError if it is not that."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**arrays)
