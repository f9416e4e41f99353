"""The Live workspace: the picture, its events, the trace, and the controls of the run."""

import time
from collections.abc import Sequence
from functools import partial

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QWidget

from gui.format import moved_text
from gui.keys import Command, by_key
from gui.live.arrangement import arranged
from gui.live.cards import Cards
from gui.live.controls import layers
from gui.live.recorder import Recorder
from gui.live.run import SAMPLE, TRACE_S, LiveRun, State
from gui.live.source_picker import SourcePicker
from gui.live.stage import Stage
from gui.live.strip import SCREEN, Measured, Strip
from gui.settings import Settings
from gui.widgets.banner import Banner
from gui.widgets.basic import IconButton, column, label, row
from gui.widgets.face_choice import FaceChoice
from gui.widgets.sensitivity import Sensitivity
from gui.widgets.trace import Trace
from realtime.drivers import Snapshot
from realtime.explain import THRESHOLD_MARK, why_rejected
from realtime.report import clock
from realtime.sources import Notice, NoticeKind
from realtime.types import Event
from realtime.viewing.limits import PartLimits

POLL_MS, REFRESH_MS, FIGURES_MS = 4, 66, 500
NARROW_PX = 1430
"""Below, the layers' names and the description of the sensitivity make room for the other controls."""
AWAY = {NoticeKind.LOST, NoticeKind.STALLED}
SYNTHETIC = "Classes and AUs are hints only: the weights were trained on synthetic movements."
NO_CAMERA = "No camera was found. Connect one and search again, open a recording, or try the built-in sample."
NO_EVENTS = "Events appear here when they are found.\nMost minutes have none."


class LiveWorkspace(QWidget):
    """Polls a `LiveRun` on timers."""

    session_written = pyqtSignal(object)
    """Path of a complete session."""

    def __init__(self, settings: Settings, banner: Banner, strip: Strip) -> None:
        super().__init__()
        self.settings, self._banner, self._strip = settings, banner, strip
        self.run: LiveRun | None = None
        self._last: LiveRun | None = None  # its event clips can be replayed after its end
        self._shown: Snapshot | None = None
        self._events_shown = 0
        self._held = False
        self._degraded: Notice | None = None  # the newest that was reported
        self._awaited = False  # a start that waits for the end of the search for cameras
        self._face = 0
        self._asked_face: int | None = None
        self._limit_pct: PartLimits = (None, None)  # of the shown face, the newest
        self._rate = (0.0, 0)
        self.ended_text = ""
        """How the last run ended, as a sentence."""
        self.stage = Stage(settings)
        self.trace = Trace(smooth=False)
        self.trace.setMinimumHeight(84)
        self.cards = Cards()
        self.cards.clear(NO_EVENTS)
        self.picker = SourcePicker(settings.source)
        self.recorder = Recorder(self, settings, banner, lambda: self.run, self.session_written.emit)
        self.commands = self._make_commands()
        self._lay_out()
        self._connect()

    def start(self) -> None:
        """Start a run of the chosen source; a run that is going on ends."""
        self.stop()
        if self.picker.looking and not self.picker.is_recording:
            # where cameras are found by opening them, none can be opened a second time meanwhile
            self._awaited = True
            self.stage.show_message("Searching for cameras …", busy=True)
            return
        self.settings.source = self.picker.to_remember or self.settings.source
        self._banner.clear(self)  # what it reports is of the run before
        self.run = LiveRun(self.picker.source, self.settings)
        self._shown, self._events_shown, self._held = None, 0, False
        self._rate = (time.monotonic(), 0)
        self._asked_face, self.stage.numbered = None, False
        self.cards.number(on=False)
        self.cards.clear(NO_EVENTS)
        self.stage.back_to_live()
        self._refresh()

    def stop(self, patience_s: float = 1.0) -> None:
        """End the run and save a recording. A run that takes longer (a stream that does not answer) ends by itself."""
        self._awaited = False
        self.back_to_live()
        self.recorder.stop()
        run = self.run
        if run is None:
            return
        run.stop()
        run.wait(patience_s)
        self._refresh()
        if self.run is not None:
            self._last, self.run = run, None
            self.stage.show_message(f"{run.name} is being closed.")
            self._buttons(run, running=False)

    def start_source(self, source: str) -> None:
        """Start a run of a source, as `open_source` takes it, or of `SAMPLE`."""
        self.picker.choose(source)
        self.start()

    def hold(self) -> None:
        """Freeze the picture, or continue; the analysis continues in both cases."""
        self._held = self._running and not self._held

    def back_to_live(self) -> None:
        """End the replay of an event."""
        self.stage.back_to_live()
        if self.run is None:
            self.stage.show_message(self.ended_text or ("" if self.picker.has_camera else NO_CAMERA))
        self.cards.choose(None)
        self.trace.choose(None)

    def replay(self, event: Event) -> None:
        """Replay an event in place of the live picture."""
        run = self.run or self._last
        clip = run.event_clips.of(event) if run else None
        if clip is None:
            self._banner.report("The pictures of this event are gone; record with video to keep them.", self)
            return
        self.stage.play(clip)
        self.cards.choose(event)
        self.trace.choose(event)

    def explain_candidate(self, candidate: Event) -> None:
        """Say why a rejected candidate, whose tick was clicked, is no event."""
        threshold = self.settings.score_threshold
        # after a change of the sensitivity, what was needed then is not known here
        reason = why_rejected(candidate, threshold if candidate.score < threshold else None)
        self._banner.report(f"{clock(candidate.onset_s)}: {moved_text(candidate)}. {reason}", self)

    def show_figures(self) -> None:
        """Show the figures of every stage."""
        self._strip.open_details()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Shorten the controls in a narrow window."""
        super().resizeEvent(event)
        wide = self.width() >= NARROW_PX
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if wide else Qt.ToolButtonStyle.ToolButtonIconOnly
        for shortened in (*self.layers, self.recorder.mark_button):
            shortened.setToolButtonStyle(style)
        self.sensitivity.show_description(on=wide)
        self.recorder.make_room()

    @property
    def _running(self) -> bool:
        return self.run is not None and self.run.state is State.RUNNING

    def poll(self) -> None:
        """Show the newest frame, if it is new; called some hundred times a second."""
        run = self.run
        snapshot = run.mailbox.newest if run is not None else None
        if snapshot is not None and snapshot is not self._shown and not self._held:
            self._shown = snapshot
            self.stage.show_snapshot(snapshot)
        self.stage.advance()

    def _refresh(self) -> None:
        """Show everything but the picture, less often."""
        run = self.run
        if self._awaited and not self.picker.looking:
            self.start()
        if run is None:
            return
        if run.history.events_seen != self._events_shown:
            self._show_new_events(run)
        self._buttons(run, running=not run.ended)
        if run.state is State.OPENING:
            self.stage.show_message(run.doing, busy=True)
        elif run.ended:
            self._show_ended(run)
        else:
            self._draw_trace(run)

    def _show_new_events(self, run: LiveRun) -> None:
        new = run.history.events_seen - self._events_shown
        self._events_shown += new
        for event in run.history.events[-new:]:
            found = [
                (name, run.event_clips.picture(event, t))
                for name, t in (("onset", event.onset_s), ("apex", event.apex_s))
            ]
            self.cards.add(event, [(name, picture) for name, picture in found if picture is not None])

    def _show_ended(self, run: LiveRun) -> None:
        self._draw_trace(run)
        self._figures()
        self.recorder.stop()
        if run.problem:
            self._banner.report(run.problem, self, warning=True, action=("Restart", self.start))
        self._last, self.run = run, None
        text = (
            run.problem or f"{run.name} has ended: {self._events_shown} event{'s' if self._events_shown != 1 else ''}."
        )
        if self.stage.player is None:
            self.stage.show_message(text, failed=bool(run.problem))
        self.ended_text = text

    def _painted(self) -> None:
        run, snapshot = self.run, self._shown
        if run is not None and snapshot is not None and self.stage.player is None and not self._held:
            age_s = time.monotonic() - run.tally.zero_s - snapshot.frame.time_s
            run.tally.latencies.record(SCREEN, 1000 * age_s)

    def _draw_trace(self, run: LiveRun) -> None:
        history, snapshot = run.history, run.mailbox.newest
        if snapshot is None or not self.isVisible():
            return
        faces = history.faces
        if self._asked_face in faces:
            self._face = self._asked_face
        elif snapshot.analysis.faces:
            self._face = max(snapshot.analysis.faces, key=lambda face: face.eye_distance_px).face
        self._number_faces(faces)
        held = history.trace(self._face)
        if held is not None:
            trace, limits = held[0].brief(), held[1].stretches()
            self.trace.show_trace(trace.times_s, trace.motion, trace.threshold, limits)
            self._limit_pct = limits[-1].limit_pct
        events, rejected = (
            [event for event in decided if event.face == self._face] for decided in (history.events, history.rejected)
        )
        self.trace.show_events(events, rejected)
        self.trace.show_marks(self.recorder.marks_of(run))
        now_s = snapshot.frame.time_s
        start_s = max(now_s - TRACE_S, 0.0)
        self.trace.show_span(start_s, start_s + TRACE_S)

    def _number_faces(self, faces: Sequence[int]) -> None:
        """Number faces on the picture and the cards from the moment on at which there are several."""
        self.faces.show_faces(faces, self._face)
        if len(faces) > 1 and not self.stage.numbered:
            self.stage.numbered = True
            self.cards.number(on=True)

    def _ask_face(self, face: int) -> None:
        self._asked_face = face

    def _figures(self) -> None:
        run = self.run
        if run is None or run.state is State.OPENING:
            return
        notices = run.history.notices
        degraded = next((n for n in reversed(notices) if n.kind is NoticeKind.DEGRADED), self._degraded)
        if degraded is not None and degraded is not self._degraded:
            self._banner.report(degraded.text, self, warning=True)
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
        self._strip.show_measured(Measured(summary, fps, newest, self._limit_pct, run.command, *run.recognition))

    def _show_cameras(self) -> None:
        if self.run is None and self.stage.player is None:
            self.back_to_live()

    def _buttons(self, run: LiveRun, *, running: bool) -> None:
        start, hold = by_key(self.commands)["F5"], by_key(self.commands)["Space"]
        self._start.show_as("stop" if running else "play", start.tip_with("Stop" if running else "Start"))
        self._hold.show_as("play" if self._held else "pause", hold.tip_with("Continue") if self._held else hold.tip)
        self._hold.setEnabled(self._running)
        self.recorder.refresh(run)

    def start_or_stop(self) -> None:
        """Start a run, or end it."""
        if self.run is not None:
            self.stop()
        else:
            self.start()

    def _set_sensitivity(self) -> None:
        if self.run is not None:
            self.run.set_score_threshold(self.settings.score_threshold)
            self.recorder.mark(f"{THRESHOLD_MARK}{self.settings.score_threshold:.2f}")

    def _make_commands(self) -> list[Command]:
        return [
            Command(self, "F5", "start or stop", self.start_or_stop),
            Command(self, "Space", "freeze the picture; the analysis continues", self.hold),
            Command(self, "N", "measure the face at rest again", self.recalibrate),
            self.recorder.record_command,
            self.recorder.mark_command,
            Command(self, "G", "magnify the movement", self.stage.toggle_magnified),
            Command(self, "F2", "figures of every stage", self.show_figures),
            Command(self, "Esc", "back to live", self.back_to_live),
        ]

    def _lay_out(self) -> None:
        start, hold, calibrate = (by_key(self.commands)[key] for key in ("F5", "Space", "N"))
        self._start = IconButton("play", start.tip_with("Start"), start.run)
        self._hold = IconButton("pause", hold.tip, hold.run)
        self._calibrate = IconButton("user-focus", calibrate.tip, calibrate.run)
        self.layers, self.sensitivity = layers(self.settings), Sensitivity(self.settings)
        self.faces = FaceChoice()
        self.faces.picked.connect(self._ask_face)
        controls = row(
            self.picker, self._start, self._hold, self._calibrate, 16, *self.layers, 16, self.sensitivity, None,
            *self.recorder.buttons,
        )  # fmt: skip
        heading = row(label("EVENTS", role="section"), None, self.faces)
        self._caution = label(SYNTHETIC, quiet=True, wrap=True)
        self._caution.hide()
        events = column(heading, self._caution, self.cards, margin=12)
        self.setLayout(arranged(self.stage, events, self.trace, controls, self.settings))

    def _connect(self) -> None:
        self.stage.painted = self._painted
        self.stage.start_asked.connect(self.start)
        self.stage.sample_asked.connect(partial(self.start_source, SAMPLE))
        self.stage.live_asked.connect(self.back_to_live)
        self.cards.picked.connect(self.replay)
        self.trace.candidate_picked.connect(self.explain_candidate)
        self.sensitivity.changed.connect(self._set_sensitivity)
        self.picker.looked.connect(self._show_cameras)
        self.picker.chosen.connect(lambda _source: self.start())
        for interval_ms, work in ((POLL_MS, self.poll), (REFRESH_MS, self._refresh), (FIGURES_MS, self._figures)):
            timer = QTimer(self)
            timer.setTimerType(Qt.TimerType.PreciseTimer)
            timer.timeout.connect(work)
            timer.start(interval_ms)

    def recalibrate(self) -> None:
        """Measure the face at rest again."""
        if self.run is not None:
            self.run.recalibrate()
