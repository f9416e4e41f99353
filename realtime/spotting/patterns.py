"""The patterns of action units on the patches of the face, which the detector looks for.

A pattern is the displacement in % iod that a movement of 1 % iod draws on each patch. They were measured on portraits
through the whole front end (`realtime.training.unit_patterns`) and ship as `patterns.npz`.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

PATTERNS_FILE = Path(__file__).with_name("patterns.npz")


class Unit(NamedTuple):
    """Action units that move together, on both sides of the face or on the person's left or right."""

    aus: tuple[str, ...]
    side: Literal["both", "left", "right"] = "both"


_BOTH = (
    "AU1", "AU2", "AU4", "AU5", "AU6", "AU7", "AU9", "AU10", "AU12", "AU14", "AU15", "AU17", "AU20", "AU24",
    "AU1+AU2", "AU1+AU4", "AU4+AU7", "AU4+AU9", "AU6+AU12", "AU15+AU17", "AU9+AU10",
)  # fmt: skip
_ONE_SIDED = ("AU1", "AU2", "AU4", "AU6", "AU7", "AU9", "AU10", "AU12", "AU14", "AU15", "AU20")

UNITS: tuple[Unit, ...] = (
    *(Unit(tuple(name.split("+"))) for name in _BOTH),
    *(Unit((name,), side) for name in _ONE_SIDED for side in ("left", "right")),
)
"""Every pattern's units: 21 on both sides, 22 on one side."""

_UPPER_AUS = frozenset({"AU1", "AU2", "AU4", "AU5", "AU6", "AU7"})

UPPER = tuple(set(unit.aus) <= _UPPER_AUS for unit in UNITS)
"""Whether a pattern lies in the upper face (brows, lids, cheeks)."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """What the detector looks for, and how the channels of many people move together."""

    channels: NDArray[np.int64]
    """(channels,) which of the 450 numbers of a frame's patches (x and y of each of 225) are used."""
    patterns: NDArray[np.float32]
    """(`UNITS`, channels) % iod for a movement of 1 % iod."""
    correlation: NDArray[np.float32]
    """(channels, channels) of the responses of many people; ones on the diagonal."""
    z50: tuple[float, float] = (6.0, 6.0)
    """How far a movement of the upper and of the lower face must stand out for half of its kind to be found."""

    @property
    def upper(self) -> NDArray[np.bool_]:
        """(`UNITS`,) whether a pattern lies in the upper face."""
        return np.array(UPPER)

    @property
    def one_sided(self) -> NDArray[np.bool_]:
        """(`UNITS`,) whether a pattern lies on one side of the face."""
        return np.array([unit.side != "both" for unit in UNITS])

    def energy(self) -> NDArray[np.float32]:
        """(`UNITS`, 450) the share of each pattern's energy that lies in each number of a frame's patches."""
        energy = np.zeros((len(self.patterns), 450), np.float32)
        energy[:, self.channels] = self.patterns**2
        return energy / energy.sum(axis=1, keepdims=True)

    def save(self, path: Path) -> None:
        """Write the arrays, the correlation as float16."""
        np.savez_compressed(
            path,
            channels=self.channels.astype(np.int16),
            patterns=self.patterns,
            z50=np.array(self.z50),
            correlation=self.correlation[np.triu_indices(len(self.correlation), 1)].astype(np.float16),
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote; OSError or ValueError if it is not that."""
        with np.load(path, allow_pickle=False) as arrays:
            channels, patterns = arrays["channels"].astype(np.int64), arrays["patterns"].astype(np.float32)
            correlation = np.eye(len(channels), dtype=np.float32)
            above = np.triu_indices(len(channels), 1)
            correlation[above] = arrays["correlation"]
            upper, lower = arrays["z50"].tolist()
            return cls(channels, patterns, correlation + np.triu(correlation, 1).T, (upper, lower))


@cache
def shipped_patterns() -> Patterns:
    """The patterns that ship with the package."""
    return Patterns.load(PATTERNS_FILE)
