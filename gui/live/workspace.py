"""The Live workspace: what is seen now, what was found in it, and the controls of the run."""

import shlex
import time
from functools import partial

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QWidget

from gui.banner import Banner
from gui.live.cards import WIDTH_PX, Cards
from gui.live.controls import Sensitivity, layers
from gui.live.recorder import Recorder
from gui.live.run import SAMPLE, TRACE_S, LiveRun, State
from gui.live.source_picker import SourcePicker
from gui.live.stage import Stage
from gui.live.strip import SCREEN, Measured, Strip
from gui.settings import Settings
from gui.trace import Trace
from gui.widgets import IconButton, column, frame, label, row
from realtime.drivers import Snapshot
from realtime.results import Event
from realtime.sources import Notice, NoticeKind

POLL_MS, LOOK_MS, FIGURES_MS = 4, 66, 500
AWAY = {NoticeKind.LOST, NoticeKind.STALLED}
SYNTHETIC = "Classes and AUs are hints: the weights have seen synthetic movements only."
NO_CAMERA = "No camera was found. Plug one in and look again, open a recording, or try the built-in sample."
NO_EVENTS = "Events appear here as they happen.\nMost minutes have none."


class LiveWorkspace(QWidget):
    """Pulls from a `LiveRun` on timers."""

    session_written = pyqtSignal(object)
    """Path of a session that is whole."""

    def __init__(self, settings: Settings, banner: Banner, strip: Strip) -> None:
        super().__init__()
        self.settings, self._banner, self._strip = settings, banner, strip
        self.run: LiveRun | None = None
        self._last: LiveRun | None = None  # its moments can still be looked at when it has ended
        self._shown: Snapshot | None = None
        self._events_shown = 0
        self._held = False
        self._degraded: Notice | None = None  # the newest that was told
        self._awaited = False  # a start that waits until it is known which cameras there are
        self._face = 0
        self._rate = (0.0, 0)
        self.ended_words = ""
        """How the last run ended."""
        self.stage = Stage(settings)
        self.trace = Trace(smooth=False)
        self.trace.setFixedHeight(196)
        self.cards = Cards()
        self.cards.clear(NO_EVENTS)
        self.picker = SourcePicker(settings.source)
        self.recorder = Recorder(self, settings, banner)
        self._lay_out()
        self._connect()

    def start(self) -> None:
        """Begin with the chosen source, in place of what runs."""
        self.stop()
        if self.picker.looking and not self.picker.is_recording:
            # where a camera is found by opening it, it cannot be opened a second time meanwhile
            self._awaited = True
            self.stage.nothing("Looking for cameras …", busy=True)
            return
        self.settings.source = self.picker.to_remember or self.settings.source
        self.run = LiveRun(self.picker.source, self.settings)
        self._shown, self._events_shown, self._held = None, 0, False
        self._rate = (time.monotonic(), 0)
        self.cards.clear(NO_EVENTS)
        self.stage.back_to_live()
        self._look()

    def stop(self, patience_s: float = 1.0) -> None:
        """End what runs; a recording is saved. What takes longer (a stream that does not answer) ends by itself."""
        self._awaited = False
        self.back_to_live()
        self.recorder.stop()
        run = self.run
        if run is None:
            return
        run.stop()
        run.wait(patience_s)
        self._look()
        if self.run is not None:
            self._last, self.run = run, None
            self.stage.nothing(f"{run.name} is being closed.")
            self._buttons(run, running=False)

    def start_source(self, source: str) -> None:
        """Begin with a source, as `open_source` takes it, or `SAMPLE`."""
        self.picker.choose(source)
        self.start()

    def hold(self) -> None:
        """Hold the picture, or let it go on; the analysis goes on in any case."""
        self._held = self._running and not self._held

    def back_to_live(self) -> None:
        """End the replay of a moment."""
        self.stage.back_to_live()
        if self.run is None:
            self.stage.nothing(self.ended_words or ("" if self.picker.has_camera else NO_CAMERA))
        self.cards.choose(None)
        self.trace.choose(None)

    def replay(self, event: Event) -> None:
        """Look at an event again, in place."""
        run = self.run or self._last
        moment = run.moments.of(event) if run else None
        if moment is None:
            self._banner.say("The pictures of this event are no longer held; record with video to keep them.")
            return
        self.stage.play(moment)
        self.cards.choose(event)
        self.trace.choose(event)

    def show_figures(self) -> None:
        """Every stage's figures."""
        self._strip.open_details()

    def mark(self) -> None:
        """Mark this moment in the recording."""
        self.recorder.mark("mark")

    @property
    def _running(self) -> bool:
        return self.run is not None and self.run.state is State.RUNNING

    def poll(self) -> None:
        """Show the newest frame; called some hundred times a second, so it does nothing where nothing is new."""
        run = self.run
        snapshot = run.mailbox.newest if run is not None else None
        if snapshot is not None and snapshot is not self._shown and not self._held:
            self._shown = snapshot
            self.stage.show_snapshot(snapshot)
        self.stage.advance()

    def _look(self) -> None:
        """All that may take a moment longer to be seen."""
        run = self.run
        if self._awaited and not self.picker.looking:
            self.start()
        if run is None:
            return
        if run.history.events_seen != self._events_shown:
            self._show_new_events(run)
        self._buttons(run, running=not run.ended)
        if run.state is State.OPENING:
            self.stage.nothing(run.doing, busy=True)
        elif run.ended:
            self._show_ended(run)
        else:
            self._draw_trace(run)

    def _show_new_events(self, run: LiveRun) -> None:
        new = run.history.events_seen - self._events_shown
        self._events_shown += new
        for event in run.history.events[-new:]:
            found = [
                (name, run.moments.picture(event, t)) for name, t in (("onset", event.onset_s), ("apex", event.apex_s))
            ]
            self.cards.add(event, [(name, picture) for name, picture in found if picture is not None])

    def _show_ended(self, run: LiveRun) -> None:
        self._draw_trace(run)
        self._figures()
        if run.problem:
            self._banner.say(run.problem, warning=True, action=("Restart", self.start))
        self.recorder.stop()
        self._last, self.run = run, None
        words = run.problem or f"{run.name} has ended: {self._events_shown} events."
        if self.stage.player is None:
            self.stage.nothing(words, failed=bool(run.problem))
        self.ended_words = words

    def _painted(self) -> None:
        run, snapshot = self.run, self._shown
        if run is not None and snapshot is not None and self.stage.player is None and not self._held:
            age_s = time.monotonic() - run.tally.zero_s - snapshot.frame.time_s
            run.tally.latencies.record(SCREEN, 1000 * age_s)

    def _draw_trace(self, run: LiveRun) -> None:
        history, snapshot = run.history, run.mailbox.newest
        if snapshot is None or not self.isVisible():
            return
        if snapshot.analysis.faces:
            self._face = max(snapshot.analysis.faces, key=lambda face: face.eye_distance_px).face
        held = history.trace(self._face)
        if held is not None:
            trace = held.brief()
            self.trace.show_trace(trace.times_s, trace.motion, trace.threshold)
        self.trace.show_marks(history.events, history.rejected)
        now_s = snapshot.frame.time_s
        start_s = max(now_s - TRACE_S, 0.0)
        self.trace.show_span(start_s, start_s + TRACE_S)

    def _figures(self) -> None:
        run = self.run
        if run is None or run.state is State.OPENING:
            return
        notices = run.history.notices
        degraded = next((n for n in reversed(notices) if n.kind is NoticeKind.DEGRADED), self._degraded)
        if degraded is not None and degraded is not self._degraded:
            self._banner.say(degraded.text, warning=True)
        self._degraded = degraded
        away = [notices[-1].text] if notices and notices[-1].kind in AWAY else []
        self.stage.advise([*away, *(() if away else run.advisor.sentences)])
        summary = run.tally.summary(run.name)
        before_s, before = self._rate
        now_s = time.monotonic()
        fps = (summary.frames_processed - before) / (now_s - before_s) if before <= summary.frames_processed else 0.0
        self._rate = (now_s, summary.frames_processed)
        self._caution.setVisible(run.synthetic)
        newest = run.history.events[-1] if run.history.events else None
        self._strip.show_measured(Measured(summary, fps, newest, _command(run), *run.recognition))

    def _tell_cameras(self) -> None:
        if self.run is None and self.stage.player is None:
            self.back_to_live()

    def _buttons(self, run: LiveRun, *, running: bool) -> None:
        self._start.show_as("stop" if running else "play", f"{'Stop' if running else 'Start'} (F5)")
        self._hold.show_as(
            "play" if self._held else "pause", "Go on (Space)" if self._held else "Hold the picture (Space)"
        )
        self._hold.setEnabled(self._running)
        self.recorder.refresh(run)

    def start_or_stop(self) -> None:
        """What the button does."""
        if self.run is not None:
            self.stop()
        else:
            self.start()

    def _set_sensitivity(self) -> None:
        if self.run is not None:
            self.run.set_sensitivity(self.settings.factor)
            self.recorder.mark(f"sensitivity ×{self.settings.factor:.2f}", told=False)

    def _lay_out(self) -> None:
        self._start = IconButton("play", "Start", self.start_or_stop, key="F5")
        self._hold = IconButton("pause", "Hold the picture; the analysis goes on", self.hold, key="Space")
        self._calibrate = IconButton("user-focus", "Learn the face at rest anew", self.recalibrate, key="N")
        self.layers, self.sensitivity = layers(self.settings), Sensitivity(self.settings)
        controls = row(
            self.picker, self._start, self._hold, self._calibrate, 16, *self.layers, 16, self.sensitivity, None,
            *self.recorder.buttons,
        )  # fmt: skip
        heading = row(label("EVENTS", role="section"), None)
        self._caution = label(SYNTHETIC, quiet=True, wrap=True)
        self._caution.hide()
        side = frame("panel", column(heading, self._caution, self.cards, margin=12))
        side.setFixedWidth(WIDTH_PX + 24)
        trace = frame("panel", column(self.trace, margin=6))
        top = row(self.stage, side)
        top.setStretch(0, 1)
        layout = column(top, trace, controls, margin=12)
        layout.setStretch(0, 1)
        self.setLayout(layout)

    def _connect(self) -> None:
        self.stage.painted = self._painted
        self.stage.start_asked.connect(self.start)
        self.stage.sample_asked.connect(partial(self.start_source, SAMPLE))
        self.stage.live_asked.connect(self.back_to_live)
        self.cards.picked.connect(self.replay)
        self.sensitivity.changed.connect(self._set_sensitivity)
        self.picker.looked.connect(self._tell_cameras)
        self.picker.chosen.connect(lambda _source: self.start())
        for interval_ms, work in ((POLL_MS, self.poll), (LOOK_MS, self._look), (FIGURES_MS, self._figures)):
            timer = QTimer(self)
            timer.setTimerType(Qt.TimerType.PreciseTimer)
            timer.timeout.connect(work)
            timer.start(interval_ms)

    def recalibrate(self) -> None:
        """Learn the face at rest anew."""
        if self.run is not None:
            self.run.recalibrate()


def _command(run: LiveRun) -> str:
    """The same on the command line."""
    return "medn demo" if run.source == SAMPLE else f"medn live --headless --source {shlex.quote(run.source)}"
