"""What the app remembers, as one JSON file in the platform's place for settings."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import platformdirs

SENSITIVITIES = tuple(round(0.5 * 1.2**step, 3) for step in range(9))
"""Stops of the slider: thresholds are divided by them, after they are divided by the usual one's."""
USUAL_SENSITIVITY = 4
TERMS = 1
"""Raised when the responsible-use page says something new: it must then be read again."""


@dataclass
class Settings:
    """Every setting with its default."""

    accepted_terms: int = 0
    light: bool = False
    reduced_motion: bool = False
    source: str = ""
    """What was looked at last: a camera by its name, a file, a stream."""
    width: int = 1280
    height: int = 720
    rate_hz: int = 30
    most_faces: int = 1
    runtime: str = "auto"
    """What recognises; see `medn.runtime`."""
    sensitivity: int = USUAL_SENSITIVITY
    """A place in `SENSITIVITIES`."""
    show_outline: bool = True
    show_motion: bool = True
    show_events: bool = True
    workers: int = 2
    sessions: str = ""
    """A folder; the program's own if empty."""
    person: str = ""
    """Who was recorded last, to be proposed again."""

    @property
    def factor(self) -> float:
        """The sensitivity as a factor; 1 is the usual one."""
        return SENSITIVITIES[self.sensitivity] / SENSITIVITIES[USUAL_SENSITIVITY]

    @property
    def folder(self) -> Path:
        """Where sessions go."""
        from realtime.recording import sessions_folder  # brings the pipeline with it, which takes a second to load

        return Path(self.sessions) if self.sessions else sessions_folder()


def settings_file() -> Path:
    """Where they are kept."""
    return platformdirs.user_config_path("medn", appauthor=False) / "app.json"


def load() -> Settings:
    """What was saved; whatever is missing or cannot be read has its default."""
    try:
        saved = json.loads(settings_file().read_text())
    except (OSError, ValueError):
        return Settings()
    return Settings(**_known(saved)) if isinstance(saved, dict) else Settings()


def save(settings: Settings) -> None:
    """Write them; raises OSError if that cannot be done."""
    file = settings_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.with_suffix(".new")
    written.write_text(json.dumps(asdict(settings), indent=1))
    written.replace(file)


def _known(saved: dict[str, Any]) -> dict[str, Any]:
    defaults = Settings()
    known = {
        field.name: saved[field.name]
        for field in fields(Settings)
        if field.name in saved and type(saved[field.name]) is type(getattr(defaults, field.name))
    }
    if not 0 <= known.get("sensitivity", 0) < len(SENSITIVITIES):
        del known["sensitivity"]
    return known
