"""Lab Streaming Layer: a live run publishes its events and its motion, and takes the lab's markers into the session.

Every sample is stamped with the time at which its frame was captured, on LSL's clock, which on Linux is the monotonic
clock that the drivers use; the offset between both is measured at the start. Samples of other machines' outlets are
corrected to this clock by LSL itself. Streams can be read by every machine on the local network while a run lasts.
"""

import json
import math
import os
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from medn.errors import UserError
from medn.terminal import missing_sentence
from realtime.drivers import Tally
from realtime.report import event_record
from realtime.sink import Sink
from realtime.types import REGION_GROUPS, Analysis, Event, Frame

if TYPE_CHECKING:
    from pylsl import StreamInlet, StreamOutlet

EVENTS, MOTION = "MEDN events", "MEDN motion"
"""Names of the streams: events as JSON objects in a stream of markers, and displacement by group of regions."""
LOOK_EVERY_S = 1.0
"""How often streams of markers that have begun since are connected."""
MOST_SAMPLES = 32
"""Markers that are taken from a stream at a frame."""
CONFIGURED = ("lsl_api.cfg", "~/lsl_api/lsl_api.cfg", "/etc/lsl_api/lsl_api.cfg")
"""Where LSL looks for a laboratory's own configuration, besides the file that LSLAPICFG names."""
NO_UTF8 = "(no UTF-8 text; at the frame at which it came)"
"""Behind the text of a marker that LSL's Python cannot read."""
QUIET = "[log]\nlevel = -1\n"
"""Warnings and errors only: otherwise LSL tells each start of its own on standard error."""


class LslError(UserError):
    """LSL cannot be used."""


@dataclass(frozen=True, slots=True)
class Offset:
    """How far LSL's clock is from `time.monotonic()`."""

    lsl_minus_monotonic_s: float
    uncertain_s: float
    """The time between two readings of one clock, in which the other was read."""

    def sentence(self) -> str:
        """The offset in words."""
        offset_ms, uncertain_ms = 1000 * self.lsl_minus_monotonic_s, 1000 * self.uncertain_s
        return f"LSL's clock is {offset_ms:+.3f} ms from that of the frames, measured to {uncertain_ms:.3f} ms."


class LslStreams(Sink):
    """Publishes a run; `mark` is called with the time in s and the text of each marker of the lab.

    Raises `LslError` where pylsl or its library is missing. `tally` is the run's, for the time of its first frame.
    """

    def __init__(self, source: str, tally: Tally, mark: Callable[[float, str], None]) -> None:
        self._lsl, self._tally, self._mark, self._source = _library(), tally, mark, source
        self.offset = measured_offset(self._lsl)
        """The two clocks, measured at the start."""
        self.markers = 0
        """Markers that were taken."""
        self._own = uuid.uuid4().hex
        self._events = self._outlet(EVENTS, "Markers", ("event",), self._lsl.cf_string)
        self._motion = self._outlet(MOTION, "Motion", REGION_GROUPS, self._lsl.cf_float32)
        self._resolver = self._lsl.ContinuousResolver("type", "Markers", forget_after=5.0)
        self._inlets: dict[str, StreamInlet] = {}
        self._look_s = -math.inf

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        """Publish the motion of the largest face and the events of a frame; take what the lab has marked."""
        if math.isnan(self._tally.zero_s):
            return
        if frame is not None and analysis.faces:
            face = max(analysis.faces, key=lambda reading: reading.eye_distance_px)
            self._motion.push_sample([float(value) for value in face.motion], self._stamp_s(frame.time_s))
        for event in analysis.events:
            self._publish(event)
        if frame is not None:
            self._take_markers(frame.time_s)

    def close(self) -> None:
        """End the streams."""
        for inlet in self._inlets.values():
            inlet.close_stream()
        self._inlets.clear()
        del self._events, self._motion, self._resolver

    def _publish(self, event: Event) -> None:
        self._events.push_sample([json.dumps(event_record(event, self._source))], self._stamp_s(event.apex_s))

    def _stamp_s(self, time_s: float) -> float:
        """A time of the run on LSL's clock."""
        return self._tally.zero_s + time_s + self.offset.lsl_minus_monotonic_s

    def _take_markers(self, frame_s: float) -> None:
        now_s = time.monotonic()
        if now_s - self._look_s >= LOOK_EVERY_S:
            self._look_s = now_s
            self._connect()
        for uid, inlet in list(self._inlets.items()):
            try:
                for _ in range(MOST_SAMPLES):
                    try:
                        sample, stamp_s = inlet.pull_sample(timeout=0.0)
                    except UnicodeDecodeError as error:  # pylsl has taken it, and keeps its stamp to itself
                        self._mark(frame_s, f"{error.object.decode(errors='replace')} {NO_UTF8}")
                        self.markers += 1
                        continue
                    if sample is None:
                        break
                    time_s = stamp_s - self.offset.lsl_minus_monotonic_s - self._tally.zero_s
                    self._mark(max(time_s, 0.0), " ".join(map(str, sample)))
                    self.markers += 1
            except self._lsl.util.LostError:  # its program has ended
                del self._inlets[uid]

    def _connect(self) -> None:
        for info in self._resolver.results():
            mine = info.source_id().endswith(self._own)
            if not mine and info.uid() not in self._inlets:
                clock = self._lsl.proc_clocksync  # stamps of other machines come on this machine's clock
                self._inlets[info.uid()] = self._lsl.StreamInlet(info, recover=False, processing_flags=clock)

    def _outlet(self, name: str, kind: str, channels: tuple[str, ...], form: int) -> "StreamOutlet":
        irregular = self._lsl.IRREGULAR_RATE
        slug = name.lower().replace(" ", "-")
        info = self._lsl.StreamInfo(name, kind, len(channels), irregular, form, f"{slug}-{self._own}")
        described = info.desc().append_child("channels")
        for channel in channels:
            child = described.append_child("channel")
            child.append_child_value("label", channel)
            child.append_child_value("unit", "% of the eye distance" if kind == "Motion" else "JSON")
        info.desc().append_child_value("source", self._source)
        return self._lsl.StreamOutlet(info)


def measured_offset(lsl: ModuleType) -> Offset:
    """Read LSL's clock between two readings of the monotonic one, several times; the closest pair counts."""
    best = Offset(0.0, math.inf)
    for _ in range(50):
        before_s = time.monotonic()
        lsl_s = lsl.local_clock()
        after_s = time.monotonic()
        if after_s - before_s < best.uncertain_s:
            best = Offset(lsl_s - (before_s + after_s) / 2, after_s - before_s)
    return best


def _library() -> ModuleType:
    try:
        import pylsl
    except ModuleNotFoundError:
        raise LslError(missing_sentence("LSL", "pylsl")) from None
    except RuntimeError:  # pylsl is there without the library that it calls
        raise LslError(
            "LSL needs the library liblsl, which this installation of pylsl lacks: install liblsl."
        ) from None
    if not os.environ.get("LSLAPICFG") and not any(Path(each).expanduser().is_file() for each in CONFIGURED):
        with suppress(AttributeError, NotImplementedError):  # a pylsl or liblsl without this switch logs as before
            pylsl.set_config_content(QUIET)  # would replace such a file, so only where there is none
    return pylsl
