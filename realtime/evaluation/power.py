"""From what size on movements are found in somebody's own recording, and how many false alarms come with it.

A part of the recording is analysed as it is, for the false alarms, and several times with known movements implanted
(`medn.synthetic.implants`), by the whole pipeline at its usual setting. The share found against size follows a logistic
function of log size, of one slope and with a threshold for each part of the face and context. Everything rendered lies
in a temporary folder and is removed.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from medn.evaluation.spotting_metrics import match
from medn.synthetic.context import CONTEXTS
from medn.synthetic.footage import duration_s, read_shots, write_lossless
from medn.synthetic.implants import Implant, Settings, implant, track_face
from realtime.batch import Job, Tick, analyse
from realtime.drivers import StopSign
from realtime.evaluation.limits import GROUPS, group_of, limits_of
from realtime.evaluation.truth import TruthError, half_of
from realtime.pipeline import PipelineParameters
from realtime.session import delete_session, open_session
from realtime.session.frames import Frames
from realtime.viewing.limits import Limits

PART_S = 120.0
"""The middle part of a longer recording, so that one takes minutes."""
ROUNDS = 3
RATE_PER_MIN = 20.0
SIZES_IOD = (0.006, 0.05)
"""Smallest and largest implant: wider than micro-expressions are, so that the sizes found lie within."""
FEWEST = 5
"""No size is reported of fewer movements."""
SLOPE = 3.0
"""Slope that the logistic function takes where few movements say otherwise (our reading: that of the detector's z)."""
HALVES = ("upper", "lower")
_WHILE = {"still": "while still", "speaking": "while speaking", "head moving": "while the head moves"}


@dataclass(frozen=True, slots=True)
class Trial:
    """One implanted movement."""

    half: str
    """upper, lower or both."""
    context: str
    size_pct: float
    """% of the eye distance."""
    found: bool
    limit: str
    """Its size against the limit of detection: one of `realtime.evaluation.limits.GROUPS`."""


@dataclass(frozen=True, slots=True)
class Group:
    """The movements of one part of the face in one context."""

    half: str
    context: str
    movements: int
    found: int
    size50_pct: float | None
    """The size from which on half of them are found; None if that lies above the largest, or too few were made."""
    size80_pct: float | None


@dataclass(frozen=True, slots=True)
class PowerReport:
    """What would have been found in one recording."""

    video: str
    part_s: tuple[float, float]
    length_s: float
    """Of the whole recording."""
    trials: tuple[Trial, ...]
    groups: tuple[Group, ...]
    alarms: int
    """Events in the part as it is."""

    @property
    def alarms_per_min(self) -> float:
        """False alarms a minute: events where nothing was implanted; a true micro-expression would count as one."""
        return 60 * self.alarms / (self.part_s[1] - self.part_s[0])

    def sentences(self) -> tuple[str, str]:
        """The report in two sentences."""
        minutes = (self.part_s[1] - self.part_s[0]) / 60
        found = sum(trial.found for trial in self.trials)
        sizes = "; ".join(f"{half} face {_sizes(self.groups, half)}" for half in HALVES)
        return (
            f"Of {len(self.trials)} movements implanted into {minutes:.1f} of {self.length_s / 60:.1f} min of "
            f"{self.video}, {found} are found; half of them (in brackets: 80 %) from this size on, in % of the eye "
            f"distance: {sizes}.",
            f"Without them the same part holds {self.alarms} event{'s' * (self.alarms != 1)}, "
            f"{self.alarms_per_min:.1f} a minute, which are false alarms unless you recognise a micro-expression"
            f"{self._limit_clause()}.",
        )

    def by_limit(self) -> dict[str, tuple[int, int]]:
        """Movements and how many of them were found, by their size against the limit of detection."""
        return {
            group: (len(members), sum(trial.found for trial in members))
            for group in GROUPS
            if (members := [trial for trial in self.trials if trial.limit == group])
        }

    def _limit_clause(self) -> str:
        clauses = [f"{found} of {movements} {group}" for group, (movements, found) in self.by_limit().items()]
        return f"; by the limit of detection, found were {', '.join(clauses)}" if clauses else ""


def measure_power(
    video: Path,
    parameters: PipelineParameters,
    progress: Callable[[Tick], None],
    stop: StopSign,
    *,
    seed: int = 0,
    part_s: float = PART_S,
    rounds: int = ROUNDS,
) -> PowerReport | None:
    """Measure what is found in a recording; None if it was stopped.

    Raises TruthError if it cannot be analysed or no face is seen, ValueError for a file that is no video.
    """
    name = video.name
    length_s = duration_s(video) or 0.0
    begin_s = max((length_s - part_s) / 2, 0.0)
    with TemporaryDirectory(prefix="medn-power-") as temporary:
        folder = Path(temporary)
        shots = read_shots(video, (begin_s, begin_s + part_s) if length_s > part_s else None)
        clip = write_lossless(folder / "part", shots)
        clip_s = duration_s(clip) or part_s
        plain = _events(clip, folder, parameters, f"{name}: as it is", progress, stop)
        track = track_face(read_shots(clip), stop, lambda time_s: progress(Tick(f"{name}: landmarks", time_s, clip_s)))
        if plain is None or track is None:
            return None
        trials: list[Trial] = []
        for number in range(rounds):
            settings = Settings(seed + number, RATE_PER_MIN, SIZES_IOD)
            step = f"{name}: implants, {number + 1} of {rounds}"
            path, implants = implant(clip, folder / "implanted", settings, lambda _: None, stop, track)
            found = _events(path, folder, parameters, step, progress, stop) if path else None
            if path is None or found is None:
                return None
            path.unlink()
            trials += _trials(implants, *found)
    if not trials:
        raise TruthError(f"{name}: no movement could be implanted, because no face is seen for long enough.")
    end_s = begin_s + float(track.times_s[-1])
    return PowerReport(name, (begin_s, end_s), length_s, tuple(trials), size_groups(trials), len(plain[0]))


def size_groups(trials: Sequence[Trial]) -> tuple[Group, ...]:
    """The sizes found in each part of the face and context; movements of both parts count in neither."""
    grouped = {
        (half, context): [trial for trial in trials if (trial.half, trial.context) == (half, context)]
        for half in HALVES
        for context in CONTEXTS
    }
    enough = {key: members for key, members in grouped.items() if len(members) >= FEWEST}
    largest_pct = 100 * SIZES_IOD[1]
    sizes = {
        key: tuple(size if size <= largest_pct else None for size in pair)
        for key, pair in zip(enough, fit_thresholds(list(enough.values())), strict=True)
    }
    return tuple(
        Group(half, context, len(members), sum(t.found for t in members), *sizes.get((half, context), (None, None)))
        for (half, context), members in grouped.items()
        if members
    )


def fit_thresholds(groups: Sequence[Sequence[Trial]]) -> list[tuple[float, float]]:
    """The sizes in % at which half and 80 % are found in each group, by a logistic regression on log size.

    One slope for all groups, held near `SLOPE` by a prior; a prior as wide as a factor of ten on each threshold keeps
    groups of which all or none were found finite.
    """
    if not groups:
        return []
    log_size = np.log([trial.size_pct for group in groups for trial in group])
    found = np.array([trial.found for group in groups for trial in group])
    of = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    middle = float(np.mean(np.log(100 * np.array(SIZES_IOD))))

    def loss(values: NDArray[np.float64]) -> float:
        slope = np.exp(values[-1])
        logit = slope * (log_size - values[of])
        misfit = np.logaddexp(0, np.where(found, -logit, logit)).sum()
        priors = ((values[:-1] - middle) / np.log(10)) ** 2
        return float(misfit + priors.sum() / 2 + ((values[-1] - np.log(SLOPE)) / 0.5) ** 2 / 2)

    fitted = minimize(loss, np.append(np.full(len(groups), middle), np.log(SLOPE))).x
    to_80 = math.log(4) / math.exp(fitted[-1])
    return [(math.exp(at), math.exp(at + to_80)) for at in fitted[:-1]]


def power_record(report: PowerReport) -> dict[str, Any]:
    """The report as a JSON object of the command line."""
    return {
        "type": "power",
        "source": report.video,
        "part_s": [round(at_s, 3) for at_s in report.part_s],
        "length_s": round(report.length_s, 3),
        "movements": len(report.trials),
        "found": sum(trial.found for trial in report.trials),
        "groups": [asdict(group) for group in report.groups],
        "by_limit": {group: {"movements": n, "found": k} for group, (n, k) in report.by_limit().items()},
        "events_without_implants": report.alarms,
        "false_alarms_per_min": round(report.alarms_per_min, 3),
        "sentences": list(report.sentences()),
    }


def draw_power(report: PowerReport, path: Path) -> None:
    """Draw every implanted movement by size, found or missed, and the sizes of 50 and 80 %, into a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.2 + 0.7 * max(len(report.groups), 1)), layout="constrained")
    axes = figure.subplots()
    labels = []
    rng = np.random.default_rng(0)
    for row, group in enumerate(report.groups):
        members = [t for t in report.trials if (t.half, t.context) == (group.half, group.context)]
        for found, colour, marker in ((True, "tab:green", "o"), (False, "tab:red", "x")):
            sizes = [t.size_pct for t in members if t.found == found]
            axes.scatter(sizes, row + rng.uniform(-0.18, 0.18, len(sizes)), color=colour, marker=marker, s=18)
        if group.size50_pct is not None:
            axes.plot([group.size50_pct] * 2, [row - 0.35, row + 0.35], color="black", linewidth=2)
        if group.size80_pct is not None:
            axes.plot([group.size80_pct] * 2, [row - 0.35, row + 0.35], color="black", linewidth=1, linestyle="--")
        labels.append(f"{group.half} face, {group.context}\n{group.found} of {group.movements} found")
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set(xscale="log", xlim=(100 * SIZES_IOD[0], 100 * SIZES_IOD[1]), xlabel="size, % of the eye distance")
    axes.set_xticks([0.6, 1, 1.5, 2, 3, 4, 5], ["0.6", "1", "1.5", "2", "3", "4", "5"], minor=False)
    axes.set_xticks([], minor=True)
    axes.invert_yaxis()
    axes.set_title(
        f"{report.video}: implanted movements found (dots) and missed (crosses)\nhalf found from the line on, 80 % "
        f"from the dashed one; {report.alarms_per_min:.1f} events a minute without implants",
        fontsize=8,
    )
    figure.savefig(path, dpi=130)


def _events(
    clip: Path,
    folder: Path,
    parameters: PipelineParameters,
    step: str,
    progress: Callable[[Tick], None],
    stop: StopSign,
) -> tuple[list[tuple[float, float]], Limits] | None:
    """Onset and offset of the events of a clip, and the limit of detection in it; None if it was stopped."""
    outcome = analyse(
        Job(str(clip), folder, parameters), (), lambda tick: progress(Tick(step, tick.done_s, tick.length_s)), stop
    )
    if stop.is_set():
        return None
    if outcome.session is None:
        raise TruthError(f"{step.split(':')[0]} cannot be analysed: {outcome.error}")
    with open_session(outcome.session) as session:
        limits = limits_of(Frames.joined(session.frame_blocks()))
    delete_session(outcome.session)
    return [(event.onset_s, event.offset_s) for event in outcome.events], limits


def _trials(implants: Sequence[Implant], found: Sequence[tuple[float, float]], limits: Limits) -> list[Trial]:
    spans = np.array([(one.onset_s, one.offset_s) for one in implants]).reshape(-1, 2)
    hits = {true for true, _ in match(spans, np.array(found).reshape(-1, 2))}
    trials = []
    for number, one in enumerate(implants):
        half, size_pct = half_of(one.aus), 100 * one.amplitude_iod
        limit = group_of(limits, one.apex_s, half, size_pct)
        trials.append(Trial(half, one.context or "still", size_pct, number in hits, limit))
    return trials


def _sizes(groups: Sequence[Group], half: str) -> str:
    parts = []
    of_half: Mapping[str, Group] = {group.context: group for group in groups if group.half == half}
    for context, group in of_half.items():
        if group.movements < FEWEST:
            continue
        size = "none up to 5" if group.size50_pct is None else f"{group.size50_pct:.1f}"
        more = "" if group.size50_pct is None else f" ({_or_more(group.size80_pct)})"
        parts.append(f"{size}{more} {_WHILE[context]}")
    return ", ".join(parts) or "not judged (too few movements)"


def _or_more(size_pct: float | None) -> str:
    return "over 5" if size_pct is None else f"{size_pct:.1f}"
