"""ELAN (.eaf): time-aligned tiers, linked to the recording."""

import mimetypes
import os
from pathlib import Path

from pympi.Elan import Eaf

from realtime.export.material import Material
from realtime.export.tiers import tiers


def write_elan(material: Material, path: Path) -> None:
    """Write an annotation document; a session without a recording is linked to none."""
    document = Eaf(author="MEDN")
    if material.info.video:
        video = Path(material.info.video)
        kind = mimetypes.guess_type(video.name)[0] or "unknown"
        document.add_linked_file(video.absolute().as_uri(), _from(material.folder, video), kind)
    for tier in tiers(material):
        document.add_tier(tier.name)
        for start_ms, end_ms, label in tier.spans:
            document.add_annotation(tier.name, start_ms, end_ms, label)
    document.remove_tier("default")
    document.to_file(str(path))


def _from(folder: Path, video: Path) -> str | None:
    """The recording's path as seen from a folder, so that both can be moved; None on another drive."""
    try:
        return "./" + Path(os.path.relpath(video, folder)).as_posix()
    except ValueError:
        return None
