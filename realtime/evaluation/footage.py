"""Evaluate spotting on footage of people: known movements are implanted, found or missed, and false alarms counted.

The clips are analysed twice: with implants from a seed, for recall; and without, for the false alarms a minute at the
usual setting, where every event is one. Everything rendered lies in a temporary folder and is removed at the end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from medn.synthetic.footage import duration_s, forth_and_back, write_lossless
from medn.synthetic.implants import Settings, implant_clips
from realtime.batch import Job, Tick, analyse_all
from realtime.drivers import StopSign
from realtime.evaluation.spotting import (
    SpottingEvaluation,
    evaluate_spotting,
    evaluation_markdown,
    evaluation_record,
)
from realtime.evaluation.truth import TruthError
from realtime.pipeline import PipelineParameters
from realtime.types import Event


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """An event where nothing was implanted."""

    video: str
    event: Event


@dataclass(frozen=True, slots=True)
class FootageEvaluation:
    """What was found of the implants, and the false alarms on the same clips without any."""

    implanted: SpottingEvaluation
    alarms: Sequence[FalseAlarm]
    minutes: float
    """Length of the clips without implants."""
    settings: Settings

    @property
    def alarms_per_min(self) -> float:
        """Events a minute without implants, at the usual setting."""
        return len(self.alarms) / self.minutes if self.minutes else float("nan")


def evaluate_footage(
    clips: Sequence[Path],
    settings: Settings,
    parameters: PipelineParameters,
    workers: int,
    progress: Callable[[Tick], None],
    stop: StopSign,
    traces: Path | None = None,
) -> FootageEvaluation | None:
    """Implant movements into clips, and evaluate spotting with and without them; None if it was stopped.

    `traces` takes a picture of each clip with implants.

    Raises TruthError if nothing could be implanted, ValueError for a file that is no video.
    """

    def rendered(clip: Path, part: float) -> None:
        length_s = duration_s(clip) or 1.0
        progress(Tick(str(clip), part * length_s, length_s))

    with TemporaryDirectory(prefix="medn-footage-") as temporary:
        folder = Path(temporary) / "implants"
        made = [implants for _, implants in implant_clips(clips, folder, settings, rendered, stop)]
        if stop.is_set():
            return None
        if not any(made):
            raise TruthError("No movement could be implanted: in none of the clips is a face seen after 3.3 s.")
        implanted = evaluate_spotting(folder, parameters, workers, progress, stop, traces)
        alarms, minutes = false_alarms(clips, Path(temporary), settings, parameters, workers, progress, stop)
    return None if stop.is_set() else FootageEvaluation(implanted, alarms, minutes, settings)


def false_alarms(
    clips: Sequence[Path],
    folder: Path,
    settings: Settings,
    parameters: PipelineParameters,
    workers: int,
    progress: Callable[[Tick], None],
    stop: StopSign,
) -> tuple[list[FalseAlarm], float]:
    """The events in clips without implants, lengthened as those with implants were, and the clips' minutes.

    `folder` takes what has to be rendered for it. Raises TruthError for a clip that cannot be analysed.
    """
    plain = folder / "plain"
    plain.mkdir()
    paths = []
    for number, clip in enumerate(clips):
        if settings.lengthened_s and (duration_s(clip) or 0.0) < settings.lengthened_s and not stop.is_set():
            stem = plain / f"{number:03d}-{clip.stem}"
            clip = write_lossless(stem, forth_and_back(clip, settings.lengthened_s))
        paths.append(clip)
    names = {str(path): clip.name for path, clip in zip(paths, clips, strict=True)}
    jobs = [Job(str(path), folder / "sessions", parameters) for path in paths]
    (folder / "sessions").mkdir()
    alarms: list[FalseAlarm] = []
    seconds = 0.0
    for outcome in analyse_all(jobs, workers, progress, stop):
        if outcome.summary is None:
            raise TruthError(f"{names[outcome.video]} cannot be analysed: {outcome.error}")
        alarms += [FalseAlarm(names[outcome.video], event) for event in outcome.events]
        seconds += outcome.summary.duration_s
    return alarms, seconds / 60


def footage_record(evaluation: FootageEvaluation) -> dict[str, Any]:
    """The evaluation as a JSON object of the command line: that of `evaluate spotting`, and the clips as they are."""
    settings = evaluation.settings
    return evaluation_record(evaluation.implanted) | {
        "footage": {
            "minutes": evaluation.minutes,
            "events": len(evaluation.alarms),
            "false_alarms_per_min": evaluation.alarms_per_min,
            "alarms": [
                {
                    "video": alarm.video,
                    "onset_s": round(alarm.event.onset_s, 3),
                    "apex_s": round(alarm.event.apex_s, 3),
                    "offset_s": round(alarm.event.offset_s, 3),
                    "score": round(alarm.event.score, 4),
                    "regions": {name: round(float(pct), 2) for name, pct in alarm.event.regions.items()},
                }
                for alarm in evaluation.alarms
            ],
        },
        "implants": {
            "seed": settings.seed,
            "rate_per_min": settings.rate_per_min,
            "amplitude_percent_iod": [100 * size for size in settings.amplitude_iod],
            "shapes": ["anny", "ict"] if settings.ict else ["anny"],
            "lengthened_s": settings.lengthened_s,
        },
    }


def footage_sentence(evaluation: FootageEvaluation) -> str:
    """The false alarms without implants, in a sentence."""
    return (
        f"Without implants: {len(evaluation.alarms)} events in {evaluation.minutes:.1f} min, "
        f"{evaluation.alarms_per_min:.2f} false alarms a minute at the usual setting."
    )


def footage_markdown(evaluation: FootageEvaluation, conditions: str, picture: str = "") -> str:
    """The evaluation as a Markdown report; see `evaluation_markdown`."""
    rows = [
        f"| {alarm.video} | {alarm.event.onset_s:.2f}–{alarm.event.offset_s:.2f} | {alarm.event.score:.2f} | "
        f"{', '.join(f'{name} {pct:.1f} %' for name, pct in alarm.event.regions.items())} |"
        for alarm in evaluation.alarms
    ]
    table = ["", "| clip | s | score | what moved |", "| --- | ---: | ---: | --- |", *rows] if rows else []
    lines = ["## The same footage without implants", "", footage_sentence(evaluation), *table]
    return evaluation_markdown(evaluation.implanted, conditions, picture) + "\n" + "\n".join(lines) + "\n"


def usual_settings(seed: int, ict: Path | None = None) -> Settings:
    """Implants as they are made for evaluation: short clips lengthened, so that there is a face to learn first."""
    return replace(Settings(seed=seed, ict=ict), lengthened_s=20.0)
