"""Samples on disk: one movement and its labels, synthetic or coded, in one form.

A folder of `.npy` files, read as memory maps, so that a set may be larger than memory, and `samples.json`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from medn.contract import AU_NAMES, EMOTIONS, FRAMES, SIZE_PX

HALF = SIZE_PX // 2


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """N movements, onset → apex."""

    flow: NDArray[np.float16]
    """(N, 2, 64, 64): `medn.face.flow.halved_flow` of the whole aligned face, in % iod."""
    faces: NDArray[np.uint8]
    """(N, 8, 128, 128) aligned faces; (N, 0, 128, 128) where a set is of flow alone."""
    rise_s: NDArray[np.float32]
    """(N,) onset to apex; 0 where unknown."""
    emotion: NDArray[np.int64]
    """(N,) class number of `medn.contract.EMOTIONS`, −1 for none."""
    aus: NDArray[np.float32]
    """(N, 12) 1 there, 0 not there, between where uncertain, NaN unknown."""
    micro: NDArray[np.float32]
    """(N,) 1 micro-expression, 0 not, NaN unknown."""
    subject: NDArray[np.str_]
    """(N,) "source/subject", unique over sources."""
    kind: NDArray[np.str_]
    """(N,) what happens, for tables: "micro", "blink", …"""

    def __post_init__(self) -> None:
        n = len(self.flow)
        shapes = {
            "flow": (n, 2, HALF, HALF), "rise_s": (n,), "emotion": (n,), "aus": (n, len(AU_NAMES)), "micro": (n,),
            "subject": (n,), "kind": (n,), "faces": (n, self.faces.shape[1], SIZE_PX, SIZE_PX),
        }  # fmt: skip
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} must be of shape {shape}, not {getattr(self, name).shape}.")
        if self.faces.shape[1] not in (0, FRAMES):
            raise ValueError(f"faces must be {FRAMES} a sample, or none, not {self.faces.shape[1]}.")
        if n and not -1 <= self.emotion.min() <= self.emotion.max() < len(EMOTIONS):
            last = len(EMOTIONS) - 1
            raise ValueError(f"emotion must be -1 to {last}, not {self.emotion.min()} to {self.emotion.max()}")

    def __len__(self) -> int:
        return len(self.flow)

    @property
    def with_faces(self) -> bool:
        """Whether these are whole windows, or flow alone."""
        return self.faces.shape[1] > 0

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """The samples of a mask or of indices, in that order; read into memory."""
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @classmethod
    def join(cls, parts: Iterable["Samples"]) -> Self:
        """All of them in order; raises ValueError where some have faces and some have none."""
        parts = list(parts)
        if len({part.faces.shape[1] for part in parts}) != 1:
            raise ValueError("Samples with faces and samples of flow alone do not go into one set.")
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


def begin_samples(folder: Path) -> None:
    """Make the folder of a set that is going to be written, before the work on it; one that was not finished may lie
    there. Raises ValueError where a whole set does, which would be lost, and OSError where there can be no such folder.
    """
    if (folder / _ABOUT).exists():
        raise ValueError(f"{folder} holds a set of samples already, which would be lost; give another folder.")
    folder.mkdir(parents=True, exist_ok=True)


def write_samples(folder: Path, samples: Samples, origin: Mapping[str, Any]) -> None:
    """Write a set; `origin` describes how it was made. The folder counts as a set once `samples.json` is there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _ABOUT).unlink(missing_ok=True)
    for field in fields(Samples):
        np.save(folder / f"{field.name}.npy", getattr(samples, field.name), allow_pickle=False)
    (folder / _ABOUT).write_text(json.dumps({"samples": len(samples), **origin}, indent=1) + "\n")


def read_samples(folder: Path) -> Samples:
    """A set that `write_samples` wrote, as memory maps. Raises ValueError where there is no whole one."""
    if not (folder / _ABOUT).is_file():
        command = f"medn synth windows {folder} --portraits PORTRAITS"
        raise ValueError(f"{folder} holds no training samples; make some with `{command}`.")
    try:
        json.loads((folder / _ABOUT).read_text())
        samples = Samples(
            *(np.load(folder / f"{field.name}.npy", mmap_mode="r", allow_pickle=False) for field in fields(Samples))
        )
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder} cannot be read as training samples: {error}.") from error
    if not len(samples):
        raise ValueError(f"{folder} holds no sample.")
    return samples


def origin_of(folder: Path) -> dict[str, Any]:
    """How a set was made."""
    return json.loads((folder / _ABOUT).read_text())


_ABOUT = "samples.json"
