"""Flow-map archives: onset→apex flow of many micro-expressions in one `.npz`, as the MEGC 2019 composite is passed on.

The fields are those of `FlowArchive`. Nothing in an archive is ever unpickled.
"""

import dataclasses
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from medn.contract import EMOTIONS

AU_NAME = re.compile(r"AU[1-9]\d?")


@dataclass(frozen=True, slots=True, eq=False)
class FlowArchive:
    """N micro-expressions as flow maps with their labels; made whole or not at all.

    Raises ValueError, naming the field, where one does not fit the others.
    """

    flow: NDArray[np.uint8]
    """(N, H, W, 3): u, v and optical strain; each channel of each map min–max scaled to 0–255, so amplitude is lost."""
    label: NDArray[np.int64]
    """(N,): number of the class in `medn.contract.EMOTIONS`."""
    subject: NDArray[np.str_]
    """(N,): as the database names them; two databases may use the same name."""
    dataset: NDArray[np.str_]
    """(N,): the database, for example "casme2"."""
    clip: NDArray[np.str_]
    """(N,): unique within its database and subject."""
    au: NDArray[np.float32]
    """(N, K): 1 there, 0 not there, NaN unknown."""
    au_names: tuple[str, ...]
    """(K,), for example "AU12"."""

    def __post_init__(self) -> None:
        fault = _fault(self)
        if fault:
            raise ValueError(fault)

    def __len__(self) -> int:
        return len(self.label)

    @property
    def subject_key(self) -> NDArray[np.str_]:
        """(N,): "database/subject", unique over databases: what folds are made of."""
        return np.array([f"{d}/{s}" for d, s in zip(self.dataset, self.subject, strict=True)])

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """The clips of a mask or of indices, in that order."""
        return dataclasses.replace(
            self,
            flow=self.flow[chosen],
            label=self.label[chosen],
            subject=self.subject[chosen],
            dataset=self.dataset[chosen],
            clip=self.clip[chosen],
            au=self.au[chosen],
        )


def read_flow_archive(path: Path) -> FlowArchive:
    """The archive in a `.npz` file; other fields in it are left alone.

    Raises ValueError with one sentence where the file cannot be read, lacks a field, or a field does not fit.
    """
    stored = _stored_fields(path)
    au, label = stored["au"], stored["label"]
    try:
        return FlowArchive(
            flow=stored["flow"],
            # any width of whole number will do as a label, any number as an action unit
            label=label.astype(np.int64) if label.dtype.kind in "iu" else label,
            subject=stored["subject"],
            dataset=stored["dataset"],
            clip=stored["clip"],
            au=au.astype(np.float32) if au.dtype.kind in "biuf" else au,
            au_names=tuple(str(name) for name in np.atleast_1d(stored["au_names"])),
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def write_flow_archive(path: Path, archive: FlowArchive) -> None:
    """Write compressed; `path` must end in `.npz`. A file that is there is replaced only once the new one is whole."""
    if path.suffix != ".npz":
        raise ValueError(f"{path} must end in .npz to be a flow archive.")
    part = path.with_suffix(".part.npz")
    fields = {field.name: np.array(getattr(archive, field.name)) for field in dataclasses.fields(archive)}
    np.savez_compressed(part, allow_pickle=False, **fields)
    part.replace(path)


def _stored_fields(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an archive's fields as they lie in the file."""
    names = [field.name for field in dataclasses.fields(FlowArchive)]
    try:
        # NumPy would take a bare array or a pickle too, and reads headers before it checks that they are complete
        with zipfile.ZipFile(path) as parts:
            damaged = parts.testzip()
        if damaged:
            raise ValueError(f"{damaged} in it is damaged")
        with np.load(path, allow_pickle=False) as file:
            fields = {name: file[name] for name in names if name in file.files}
    # zipfile calls an unknown compression and an encrypted member a RuntimeError
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} cannot be read as a flow archive (.npz): {error}.") from error
    missing = [name for name in names if name not in fields]
    if missing:
        raise ValueError(f"{path} lacks {', '.join(missing)}; a flow archive (.npz) holds {', '.join(names)}.")
    return fields


def _fault(archive: FlowArchive) -> str:
    """What is wrong with an archive, in one sentence, or nothing."""
    n, k = len(archive.flow), len(archive.au_names)
    shapes = {
        "flow": (("clips", "height", "width", 3), "uint8"),
        "label": ((n,), "int64"),
        "subject": ((n,), "str"),
        "dataset": ((n,), "str"),
        "clip": ((n,), "str"),
        "au": ((n, k), "float32"),
    }
    for name, (shape, dtype) in shapes.items():
        values = getattr(archive, name)
        fits = len(shape) == values.ndim and all(
            want in ("clips", "height", "width", got) for want, got in zip(shape, values.shape, strict=True)
        )
        kind = "str" if values.dtype.kind == "U" else values.dtype.name
        if not fits or kind != dtype:
            wanted = f"({', '.join(map(str, shape))})"
            return f"{name} must be {wanted} of {dtype}, not {values.shape} of {kind}."
    if len(set(archive.au_names)) != k or not all(AU_NAME.fullmatch(name) for name in archive.au_names):
        return f"au_names must each be one action unit, written like AU12, not {', '.join(archive.au_names)}."
    if n and not (archive.label.min() >= 0 and archive.label.max() < len(EMOTIONS)):
        named = ", ".join(f"{i} {name}" for i, name in enumerate(EMOTIONS))
        return f"label must be one of {named}, not {archive.label.min()} to {archive.label.max()}."
    if not np.isin(archive.au[~np.isnan(archive.au)], (0.0, 1.0)).all():
        return "au must be 1 (there), 0 (not there) or NaN (unknown)."
    return ""
