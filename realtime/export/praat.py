"""Praat TextGrid: interval tiers from 0 to the session's end, in s."""

from pathlib import Path

from praatio.data_classes.interval_tier import IntervalTier
from praatio.data_classes.textgrid import Textgrid

from realtime.export.material import Material
from realtime.export.tiers import tiers


def write_textgrid(material: Material, path: Path) -> None:
    """Write a TextGrid in the long format, the gaps between spans filled with empty intervals, as Praat wants it."""
    built = tiers(material)
    last_ms = max((end_ms for tier in built for _, end_ms, _ in tier.spans), default=1)
    length_s = max(last_ms / 1000, max((row.time_s for row in material.session.frames()), default=0.0))
    grid = Textgrid(0, length_s)
    for tier in built:
        spans = [(start_ms / 1000, end_ms / 1000, label) for start_ms, end_ms, label in tier.spans]
        grid.addTier(IntervalTier(tier.name, spans, 0, length_s))
    grid.save(str(path), "long_textgrid", includeBlankSpaces=True)
