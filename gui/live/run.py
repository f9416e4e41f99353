"""A live run in the background: the driver's thread writes, the window pulls."""

import threading
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from gui.settings import Settings
from realtime.drivers import Mailbox, Sink, Summary, Tally
from realtime.frame import Frame
from realtime.results import Analysis, Event
from realtime.session import SessionError
from realtime.sources import CameraMode, Dropped, Notice, SourceError, open_source
from realtime.tape import Tape
from realtime.viewing.advice import Advisor
from realtime.viewing.history import History
from realtime.viewing.moments import Moments

if TYPE_CHECKING:
    from realtime.pipeline import Pipeline  # takes a second to load

SAMPLE = "sample"
"""The name of the built-in sample as a source."""
TRACE_S = 20.0


class State(Enum):
    """Where a run is in its life."""

    OPENING = "opening"
    RUNNING = "running"
    ENDED = "ended"
    FAILED = "failed"


class LiveRun:
    """One run of one source, begun when made. All that is public may be read from any thread."""

    def __init__(self, source: str, settings: Settings) -> None:
        self.source = source
        self.state = State.OPENING
        self.doing = "Loading the face models …"
        """What is being waited for while it opens."""
        self.problem = ""
        """One sentence, once it failed."""
        self.summary: Summary | None = None
        self.name = source
        self.is_device = False
        """Whether frames come when they come (a camera, a stream) rather than from a file."""
        self.video: str | None = None
        """The recording's path, where the source is one."""
        self.tally = Tally()
        self.mailbox, self.history, self.moments, self.advisor = Mailbox(), History(TRACE_S), Moments(), Advisor()
        self.taping = Taping()
        self._pipeline: Pipeline | None = None
        self._factor = settings.factor
        self._mode = CameraMode(settings.width, settings.height, float(settings.rate_hz))
        self._most_faces, self._runtime = settings.most_faces, settings.runtime
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="live", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end; `ended` tells when it has."""
        self._stop.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it has ended; whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state in (State.ENDED, State.FAILED)

    def set_sensitivity(self, factor: float) -> None:
        """Divide the usual thresholds by a factor from the next frame on."""
        self._factor = factor
        with self._lock:
            if self.state is State.RUNNING:
                self._apply_sensitivity()

    def recalibrate(self) -> None:
        """Learn the face at rest anew."""
        with self._lock:
            if self.state is State.RUNNING and self._pipeline is not None:
                self._pipeline.recalibrate()

    @property
    def recognition(self) -> tuple[str, str]:
        """What recognises now and with which weights, once it is loaded; a runtime that fails gives way to another."""
        if self._pipeline is None:
            return "", ""
        from medn.runtime import RUNTIMES

        recognizer = self._pipeline.recognizer
        return RUNTIMES[recognizer.runtime.name].what, recognizer.weights.name

    @property
    def synthetic(self) -> bool:
        """Whether what recognises has seen synthetic movements only."""
        return self._pipeline is not None and self._pipeline.recognizer.weights.synthetic

    def record(self, path: Path, *, person: str, with_video: bool, with_pictures: bool = False) -> None:
        """Begin to write a session from the next frame on. Raises `SessionError`."""
        from realtime.recording import describe

        filmed = str(path.with_suffix(".mp4")) if with_video else self.video
        kept = [*(["video"] if with_video else []), *(["pictures of the events"] if with_pictures else [])]
        consent = f"{person} agreed to be recorded{' with ' + ' and '.join(kept) if kept else ', without pictures'}."
        assert self._pipeline is not None
        info = describe(self._opened, self._pipeline, filmed, consent)
        pictures = self.moments if with_pictures else None
        self.taping.begin(Tape(path, info, film=with_video, pictures=pictures))

    def _work(self) -> None:
        try:
            self._run()
        except (SourceError, SessionError) as error:
            self.problem = str(error)
        except Exception as error:  # noqa: BLE001  the window outlives the pipeline and says what happened
            self.problem = f"The analysis stopped because of a fault ({type(error).__name__}: {error})."
        self.taping.end(self.summary)
        with self._lock:
            self.state = State.FAILED if self.problem else State.ENDED

    def _run(self) -> None:
        # loaded here, because it takes a second or two, in which the window is already there
        from realtime.drivers import run_live
        from realtime.pipeline import Pipeline, PipelineParameters

        path = self._path()
        self.doing = f"Opening {self.name} …"
        with open_source(path, mode=self._mode) as source:
            self.name, self.is_device = source.name, source.live
            self.video = None if source.live else path
            self.doing = "Loading the face models …"
            parameters = PipelineParameters(most_faces=self._most_faces, runtime=self._runtime, or_another_runtime=True)
            with Pipeline(parameters) as pipeline:
                self._opened, self._pipeline = source, pipeline
                with self._lock:
                    self._apply_sensitivity()
                    self.state = State.RUNNING
                sinks = [self.mailbox, self.history, self.moments, self.advisor, self.taping]
                self.summary = run_live(source, pipeline, sinks, stop=self._stop, tally=self.tally)

    def _path(self) -> str:
        if self.source != SAMPLE:
            return self.source
        from realtime.demo import sample_video

        self.name, self.doing = "the sample", "Making the synthetic sample, on first use only …"
        return str(sample_video())

    def _apply_sensitivity(self) -> None:
        from realtime.spotting.parameters import SpotterParameters

        usual = SpotterParameters()
        assert self._pipeline is not None
        self._pipeline.set_least_score(usual.least_score / self._factor)


class Taping(Sink):
    """A sink that passes on to the tape now running, if any; a full disk ends the tape, not the run."""

    def __init__(self) -> None:
        self.tape: Tape | None = None
        self.problem = ""
        """One sentence, if a tape had to end."""
        self._lock = threading.Lock()

    def begin(self, tape: Tape) -> None:
        """Pass on to this tape from now on."""
        with self._lock:
            self.tape = tape

    def end(self, summary: Summary | None = None) -> Path | None:
        """End the tape; the session that is now whole, or None if there was none."""
        with self._lock:
            tape, self.tape = self.tape, None
        if tape is None:
            return None
        try:
            tape.close(summary)
        except SessionError as error:
            self.problem = str(error)
        return tape.path

    def on_analysis(self, frame: Frame, analysis: Analysis) -> None:
        """Pass on."""
        self._pass_on("on_analysis", frame, analysis)

    def on_events(self, events: Sequence[Event]) -> None:
        """Pass on."""
        self._pass_on("on_events", events)

    def on_rejected(self, candidates: Sequence[Event]) -> None:
        """Pass on."""
        self._pass_on("on_rejected", candidates)

    def on_drop(self, dropped: Dropped) -> None:
        """Pass on."""
        self._pass_on("on_drop", dropped)

    def on_notice(self, notice: Notice) -> None:
        """Pass on."""
        self._pass_on("on_notice", notice)

    def _pass_on(self, method: str, *what: object) -> None:
        with self._lock:
            if self.tape is None:
                return
            try:
                getattr(self.tape, method)(*what)
                return
            except SessionError as error:
                self.problem = str(error)
        self.end()
