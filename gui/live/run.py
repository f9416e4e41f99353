"""A live run in the background: the driver's thread writes, the window polls."""

import threading
from contextlib import ExitStack
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from gui.command_line import live_command
from gui.settings import Settings
from medn.errors import UserError
from medn.faults import log_fault
from realtime.drivers import Mailbox, Summary, Tally
from realtime.session.recorder import Recorder
from realtime.session.schema import consent_of
from realtime.sources import CameraMode, Notice, NoticeKind, SourceError, open_source
from realtime.sources.microphone import open_microphone
from realtime.viewing.advice import Advisor
from realtime.viewing.event_clips import EventClips
from realtime.viewing.history import History

if TYPE_CHECKING:
    from realtime.pipeline import Pipeline  # takes a second to load

SAMPLE = "sample"
"""The name of the built-in sample as a source."""
TRACE_S = 20.0


class State(Enum):
    """The states of a run, in order."""

    OPENING = "opening"
    RUNNING = "running"
    ENDED = "ended"
    FAILED = "failed"


class LiveRun:
    """One run of one source; it begins at once. Public attributes may be read from any thread."""

    def __init__(self, source: str, settings: Settings) -> None:
        self.source = source
        self.state = State.OPENING
        self.doing = "Loading the face models …"
        """What it does while it opens."""
        self.problem = ""
        """One sentence, after it failed."""
        self.summary: Summary | None = None
        self.recorded: Path | None = None
        """The session of a recording that ended with the run."""
        self.name = source
        self.is_device = False
        """Whether the source is a camera or a stream, not a file."""
        self.video: str | None = None
        """The file's path, if the source is one."""
        self.tally = Tally()
        self.mailbox, self.history, self.advisor = Mailbox(), History(TRACE_S), Advisor()
        self.event_clips = EventClips()
        self.recorder = Recorder(self.history.on_notice)
        self._pipeline: Pipeline | None = None
        self._score_threshold = settings.score_threshold
        self._settings = replace(settings)  # as they were when the run began
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="live", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Request its end; `ended` is set when it has ended."""
        self._stop.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it has ended; return whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def ended(self) -> bool:
        """Whether no more frames will come."""
        return self.state in (State.ENDED, State.FAILED)

    def set_score_threshold(self, score_threshold: float) -> None:
        """Report candidates with at least this score (0 to 1), from the next frame on."""
        self._score_threshold = score_threshold
        with self._lock:
            if self.state is State.RUNNING and self._pipeline is not None:
                self._pipeline.set_score_threshold(score_threshold)

    def recalibrate(self) -> None:
        """Measure the face at rest again."""
        with self._lock:
            if self.state is State.RUNNING and self._pipeline is not None:
                self._pipeline.recalibrate()

    @property
    def command(self) -> str:
        """The same run on the command line, with the sensitivity that it has now."""
        return live_command(self.video or self.source, self._settings, self._score_threshold)

    @property
    def recognition(self) -> tuple[str, str]:
        """The recognizer's runtime and weights, empty until they are loaded; one that fails is replaced."""
        if self._pipeline is None:
            return "", ""
        from medn.runtime import RUNTIMES

        recognizer = self._pipeline.recognizer
        return RUNTIMES[recognizer.runtime.name].what, recognizer.weights.name

    @property
    def synthetic(self) -> bool:
        """Whether the recognizer was trained on synthetic movements only."""
        return self._pipeline is not None and self._pipeline.recognizer.weights.synthetic

    def record(
        self,
        path: Path,
        *,
        person: str,
        with_video: bool,
        with_pictures: bool = False,
        microphone: str | None = None,
    ) -> None:
        """Write a session from the next frame on. Raises `SessionError`.

        `microphone`: the name of one whose sound goes into the video, empty for the system's own; None for no sound.
        One that cannot be opened is reported as a notice, and the video has no sound.
        """
        from realtime.session.paths import describe

        filmed = str(path.with_suffix(".mp4")) if with_video else self.video
        with_sound = with_video and microphone is not None
        asked = {"video": with_video, "sound": with_sound, "pictures of the events": with_pictures}
        consent = consent_of(person, [name for name, kept in asked.items() if kept])
        assert self._pipeline is not None
        info = describe(
            self._opened, self._pipeline.parameters, self._pipeline.recognizer.weights.sha256, filmed, consent
        )
        pictures = self.event_clips if with_pictures else None
        heard, silent = None, None
        if with_video and microphone is not None:
            try:
                heard = open_microphone(microphone)
            except SourceError as error:
                newest = self.mailbox.newest
                time_s = newest.frame.time_s if newest else 0.0
                silent = Notice(time_s, NoticeKind.DEGRADED, f"{error} The video has no sound.")
        self.recorder.start(path, info, film=with_video, pictures=pictures, microphone=heard)
        if silent is not None:
            self.recorder.on_notice(silent)
            self.history.on_notice(silent)

    def _work(self) -> None:
        try:
            self._run()
        except UserError as error:
            self.problem = str(error)
        except Exception as error:  # noqa: BLE001  the window outlives the pipeline and reports the fault
            log_fault(f"The analysis of {self.name} stopped")
            self.problem = f"The analysis stopped because of a fault ({type(error).__name__}: {error})."
        self.recorded = self.recorder.stop(self.summary)
        with self._lock:
            self.state = State.FAILED if self.problem else State.ENDED

    def _run(self) -> None:
        # loaded here, because it takes a second or two and the window is shown before
        from realtime.drivers import run_live
        from realtime.lsl import LslStreams
        from realtime.pipeline import Pipeline, PipelineParameters

        path = self._path()
        self.doing = f"Opening {self.name} …"
        chosen = self._settings
        mode = CameraMode(chosen.width, chosen.height, float(chosen.rate_hz))
        with open_source(path, mode=mode) as source:
            self.name, self.is_device = source.name, source.live
            self.advisor.is_device = source.live
            self.video = None if source.live else path
            self.doing = "Loading the face models …"
            parameters = PipelineParameters(
                most_faces=chosen.most_faces, runtime=chosen.runtime, fallback=True, decision=chosen.decision
            )
            with Pipeline(parameters) as pipeline:
                self._opened, self._pipeline = source, pipeline
                with self._lock:
                    pipeline.set_score_threshold(self._score_threshold)
                    self.state = State.RUNNING
                sinks = [self.mailbox, self.history, self.event_clips, self.advisor, self.recorder]
                with ExitStack() as published:
                    if chosen.lsl:
                        streams = LslStreams(self.name, self.tally, self.recorder.mark)
                        published.callback(streams.close)
                        sinks.append(streams)
                    self.summary = run_live(source, pipeline, sinks, stop=self._stop, tally=self.tally)

    def _path(self) -> str:
        if self.source != SAMPLE:
            return self.source
        from realtime.evaluation.demo import sample_video

        self.name, self.doing = "the sample", "Making the synthetic sample, on first use only …"
        return str(sample_video())
