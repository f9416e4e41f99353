"""The app's settings, one JSON file in the platform's folder for settings."""

import json
import os
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

if TYPE_CHECKING:
    from realtime.recognition.decision import DecisionFile

SCORE_THRESHOLDS = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
"""Places of the sensitivity slider, strict to lenient: a candidate with at least this score is reported."""
DEFAULT_SCORE_THRESHOLD = 0.6
"""The default of `PipelineParameters`, which takes a second to import; a test compares the two."""
OLD_PLACES = (0.9, 0.9, 0.9, 0.7, 0.6, 0.5, 0.4, 0.3, 0.3)
"""Score threshold nearest to each place of the older slider, which settings files stored as `sensitivity`."""
LABEL_KEYS = tuple("123456789")
"""The keys of the labels for marks."""
TERMS = 3
"""Version of the responsible-use page; a newer one must be accepted again."""
MOST_OPENED = 50
"""Sessions of which it is remembered when they were opened."""
UNSAVED = ("person", "rest_s")
"""Never written to the file: participants' names are part of their sessions only, and are deleted with these; a stretch
at rest is of one recording."""


@dataclass
class Settings:
    """Every setting with its default."""

    accepted_terms: int = 0
    light: bool = False
    reduced_motion: bool = False
    source: str = ""
    """The source of the last run: a camera by its name, a file, a stream."""
    width: int = 1280
    height: int = 720
    rate_hz: int = 30
    most_faces: int = 4
    """The default of `PipelineParameters` and of the command line."""
    runtime: str = "auto"
    """The recognizer's runtime; see `medn.runtime`."""
    spotter: str = ""
    """The file of a decision on peaks that `medn train-spotter` made; the shipped one if empty."""
    spotter_sha256: str = ""
    score_threshold: float = DEFAULT_SCORE_THRESHOLD
    """One of `SCORE_THRESHOLDS`."""
    show_outline: bool = True
    show_motion: bool = True
    show_events: bool = True
    lsl: bool = False
    """Whether a live run is published on the local network (Lab Streaming Layer)."""
    microphone: str = ""
    """The name of the microphone that is recorded where that is ticked; the system's own if empty."""
    workers: int = 2
    volume_pct: int = 80
    muted: bool = False
    slow_sound: bool = True
    """Whether sound is heard at ¼ and ½ speed too, at its own pitch."""
    mark_labels: list[str] = field(default_factory=list)
    """Labels for marks, in the order of `LABEL_KEYS`; an empty one has no key."""
    coder: str = ""
    """Who judges in Review; empty without a name."""
    sessions: str = ""
    """The folder of the sessions; the program's own if empty."""
    person: str = ""
    """Who was recorded last, proposed again until the app is closed; never written to the file."""
    rest_s: tuple[float, float] | None = None
    """Where the person of the recording at hand is at rest; see `PipelineParameters`."""
    opened: dict[str, str] = field(default_factory=dict)
    """When sessions were opened last, as ISO 8601, by their paths, oldest first."""
    geometry: str = ""
    """The window's size and place when it was closed, as Qt saves it, in base64."""
    panels: dict[str, str] = field(default_factory=dict)
    """Sizes of panels whose borders were moved, likewise, by the name of their splitter."""

    def note_opened(self, session: Path) -> None:
        """Remember that a session is opened now, and forget those that are gone."""
        self.opened.pop(str(session), None)
        self.opened[str(session)] = datetime.now(UTC).isoformat(timespec="milliseconds")
        lost = [name for name in self.opened if not os.path.exists(name)]
        for gone in lost + list(self.opened)[:-MOST_OPENED]:
            self.opened.pop(gone, None)

    @property
    def folder(self) -> Path:
        """The folder in which sessions are stored."""
        from realtime.session.paths import sessions_folder  # brings the pipeline with it, which takes a second to load

        return Path(self.sessions) if self.sessions else sessions_folder()

    @property
    def decision(self) -> "DecisionFile | None":
        """The decision that was chosen; whether the file is still there is seen when it is used."""
        from realtime.recognition.decision import DecisionFile  # takes a second to load

        return DecisionFile(self.spotter, self.spotter_sha256) if self.spotter else None


def settings_file() -> Path:
    """Return the path of the settings file."""
    return platformdirs.user_config_path("medn", appauthor=False) / "app.json"


def load() -> Settings:
    """Return the saved settings; what is missing or cannot be read has its default."""
    try:
        saved = json.loads(settings_file().read_text())
    except (OSError, ValueError):
        return Settings()
    return Settings(**_valid(saved)) if isinstance(saved, dict) else Settings()


def save(settings: Settings) -> None:
    """Write the settings file. Raises OSError."""
    file = settings_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.with_suffix(".new")
    written.write_text(
        json.dumps({name: value for name, value in asdict(settings).items() if name not in UNSAVED}, indent=1)
    )
    written.replace(file)


def _valid(saved: dict[str, Any]) -> dict[str, Any]:
    defaults = Settings()
    valid = {
        each.name: saved[each.name]
        for each in fields(Settings)
        if each.name not in UNSAVED
        and each.name in saved
        and type(saved[each.name]) is type(getattr(defaults, each.name))
    }
    for name in ("mark_labels", "opened", "panels"):
        texts = valid.get(name, ())
        if not all(isinstance(text, str) for text in (texts.values() if isinstance(texts, dict) else texts)):
            del valid[name]
    place = saved.get("sensitivity")
    if "score_threshold" not in valid and type(place) is int and 0 <= place < len(OLD_PLACES):
        valid["score_threshold"] = OLD_PLACES[place]
    if valid.get("score_threshold", DEFAULT_SCORE_THRESHOLD) not in SCORE_THRESHOLDS:
        del valid["score_threshold"]
    return valid
