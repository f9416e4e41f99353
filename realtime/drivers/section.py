"""A section of a recording: its frames between two seams are shown and counted, those around it only make it whole."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from realtime.drivers.replay import looked_ahead
from realtime.drivers.run import Run, StopSign
from realtime.drivers.summary import Tally
from realtime.pipeline import Pipeline
from realtime.seams import Seams, Section
from realtime.sink import Sink
from realtime.sources import Item, Source
from realtime.types import Frame

if TYPE_CHECKING:
    from realtime.faces.detector import Detections


def run_section(
    source: Source,
    pipeline: Pipeline,
    section: Section,
    sinks: Sequence[Sink],
    tally: Tally,
    stop: StopSign | None = None,
) -> bool:
    """Run the frames that a section needs through its pipeline; whether it came to the section's or the source's end.

    The source begins with the first of them. Sinks and accounts get what lies between the section's seams.
    """
    stop = stop or threading.Event()
    seams = pipeline.parameters.seams
    _, end_s = seams.needed_s(section)
    run = _SectionRun(source, pipeline, sinks, tally, seams, section)
    complete = True
    with looked_ahead(source, pipeline, tally) as items:
        for item, detections in items:
            if item.time_s >= end_s:
                break
            if stop.is_set():
                complete = False
                break
            run.take(item, detections)
    run.flush()
    return complete


class _SectionRun(Run):
    def __init__(
        self,
        source: Source,
        pipeline: Pipeline,
        sinks: Sequence[Sink],
        tally: Tally,
        seams: Seams,
        section: Section,
    ) -> None:
        super().__init__(source, pipeline, sinks, tally)
        self._begin_s, self._end_s = seams.shown_s(section)

    def take(self, item: Item, detections: "Detections | None" = None) -> None:
        """Pass on what lies in the section; of frames around it, only what is decided on them."""
        if self._begin_s <= item.time_s < self._end_s:
            super().take(item, detections)
        elif isinstance(item, Frame):
            analysis = self._pipeline.step(item, detections)
            if item.time_s < self._begin_s:
                self._tally.before(item, analysis)
            self._report(analysis, None)

    def flush(self) -> None:
        """Decide what is still open."""
        self._report(self._pipeline.flush(), None)
