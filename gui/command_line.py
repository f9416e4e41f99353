"""The app's work as a command line that gives the same result, for "Copy as command"."""

import shlex
from collections.abc import Iterable

from gui.settings import Settings

_DEFAULTS = Settings()


def live_command(source: str, settings: Settings, score_threshold: float) -> str:
    """The command of a live run."""
    command = ["medn", "live", "--headless", "--source", source, *_options(settings, score_threshold)]
    mode, usual = ((of.width, of.height, of.rate_hz) for of in (settings, _DEFAULTS))
    if mode != usual:
        command += ["--mode", "{}x{}@{}".format(*mode)]
    return shlex.join([*command, "--lsl"] if settings.lsl else command)


def replay_command(videos: Iterable[object], settings: Settings) -> str:
    """The command of an analysis of recordings."""
    command = ["medn", "replay", *map(str, videos), *_options(settings, settings.score_threshold)]
    command += ["--workers", str(settings.workers)]
    if settings.sessions:
        command += ["--out", settings.sessions]
    return shlex.join(command)


def power_command(video: object, settings: Settings) -> str:
    """The command of a power test of one recording."""
    return shlex.join(["medn", "power", str(video), *_deciding(settings, settings.score_threshold)])


def _options(settings: Settings, score_threshold: float) -> list[str]:
    """What differs from the command line's defaults, which are the app's."""
    options = _deciding(settings, score_threshold)
    if settings.most_faces != _DEFAULTS.most_faces:
        options += ["--faces", str(settings.most_faces)]
    if settings.runtime != _DEFAULTS.runtime:
        options += ["--runtime", settings.runtime]
    return options


def _deciding(settings: Settings, score_threshold: float) -> list[str]:
    """Of these what decides about candidates."""
    options: list[str] = []
    if score_threshold != _DEFAULTS.score_threshold:
        options += ["--threshold", f"{score_threshold:g}"]
    return [*options, "--spotter", settings.spotter] if settings.spotter else options
