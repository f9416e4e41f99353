"""Four plots of a study (PNG): minutes judged, events a minute, action units, and agreement between coders."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from medn.contract import AU_NAMES, EMOTIONS
from realtime.study import PROGRAM
from realtime.study.sessions import Study, StudySession
from realtime.study.tables import pooled_agreement, rates_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"negative": "#c4322a", "positive": "#1e8a45", "surprise": "#b7791f"}
SHAPES = {"negative": "v", "positive": "^", "surprise": "o"}
JUDGED, NOT_JUDGED = "#2b6cb0", "#dfe3e7"
DPI = 110
MOST_NAMED = 60
"""Sessions of which each is named on an axis; of more every so-manieth is."""


def draw_study(study: Study, folder: Path) -> list[Path]:
    """Write the plots into a folder. Needs matplotlib. Raises OSError."""
    drawn = {
        "judged.png": _judged(study),
        "rates.png": _rates(study),
        "units.png": _units(study),
        "agreement.png": _agreement(study),
    }
    paths = []
    for name, figure in drawn.items():
        paths.append(folder / name)
        figure.savefig(paths[-1], dpi=DPI)
    return paths


def _figure(width: float, height: float, title: str) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title, fontsize=11)
    return figure


def _judged(study: Study) -> "Figure":
    """Of each session, the minutes in which each part of the face was judged."""
    sessions = study.sessions
    figure = _figure(9, 1.6 + 0.34 * min(len(sessions), MOST_NAMED), "Minutes judged and not judged")
    axis, places = figure.subplots(), np.arange(len(sessions))
    whole = np.array([session.length_s / 60 for session in sessions])
    for offset, part in ((-0.2, "upper"), (0.2, "lower")):
        known = [_part_min(session, part) for session in sessions]
        axis.barh(places + offset, whole, 0.36, color=NOT_JUDGED, label="not judged" if part == "lower" else None)
        shade = {"upper": 1.0, "lower": 0.6}[part]
        axis.barh(places + offset, known, 0.36, color=JUDGED, alpha=shade, label=f"{part} face judged")
    _name_sessions(axis, sessions)
    axis.set_xlabel("minutes")
    figure.legend(fontsize=8, ncols=3, loc="outside lower center")
    return figure


def _part_min(session: StudySession, part: str) -> float:
    if session.judged is None:
        return 0.0
    return (session.judged.upper_s if part == "upper" else session.judged.lower_s) / 60


def _rates(study: Study) -> "Figure":
    """Events a minute by class: a point for each session, the mean by condition and coder."""
    groups = _groups(study)
    figure = _figure(max(5.0, 1.8 + 1.5 * len(groups)), 4, "Events a minute, by class")
    axis = figure.subplots()
    for place, sessions in enumerate(groups.values()):
        for step, name in enumerate(EMOTIONS):
            x = place + 0.25 * (step - 1)
            rates = [
                rate for session, coder in sessions if (rate := rates_of(session, coder).classes[name]) is not None
            ]
            spread = np.linspace(-0.05, 0.05, len(rates)) if len(rates) > 1 else [0.0] * len(rates)
            label = name if place == 0 else None
            axis.scatter(
                np.add(spread, x),
                rates,
                s=22,
                marker=SHAPES[name],
                color=COLOURS[name],
                alpha=0.6,
                label=label,
                zorder=3,
            )
            if rates:
                axis.hlines(float(np.mean(rates)), x - 0.1, x + 0.1, color=COLOURS[name], lw=2.5)
    axis.set_xticks(range(len(groups)), [f"{coder}\n{condition}".strip() for condition, coder in groups], fontsize=8)
    axis.set(ylabel="events a minute", xlim=(-0.6, max(len(groups), 1) - 0.4))
    axis.set_xlabel("program and review: a minute of judged time; other coders: of the recording", fontsize=8)
    axis.axhline(0, color=NOT_JUDGED, lw=1, zorder=0)
    if groups:
        axis.legend(fontsize=8)
    return figure


def _units(study: Study) -> "Figure":
    """The mean rate of each action unit, by condition and coder."""
    groups = _groups(study)
    figure = _figure(9, 1.8 + 0.5 * len(groups), "Action units: mean events a minute")
    axis = figure.subplots()
    table = np.full((len(groups), len(AU_NAMES)), np.nan)
    for row, sessions in enumerate(groups.values()):
        for column, name in enumerate(AU_NAMES):
            rates = [rate for session, coder in sessions if (rate := rates_of(session, coder).units[name]) is not None]
            if rates:
                table[row, column] = np.mean(rates)
    axis.set_facecolor(NOT_JUDGED)
    picture = axis.imshow(table, aspect="auto", cmap="viridis", vmin=0)
    for row, column in np.argwhere(~np.isnan(table)):
        top = np.nanmax(table) or 1.0
        colour = "white" if table[row, column] < 0.6 * top else "black"
        axis.text(column, row, f"{table[row, column]:.2g}", ha="center", va="center", fontsize=8, color=colour)
    axis.set_xticks(range(len(AU_NAMES)), AU_NAMES, fontsize=8)
    axis.set_yticks(range(len(groups)), [f"{coder} {condition}".strip() for condition, coder in groups], fontsize=8)
    axis.set_xlabel("grey: not judged, or not coded")
    figure.colorbar(picture, ax=axis, label="a minute")
    return figure


def _agreement(study: Study) -> "Figure":
    """Of each two coders, on what they agreed, with κ."""
    pairs = pooled_agreement(study)
    figure = _figure(9, 2.0 + 0.6 * max(len(pairs), 1), "Agreement between coders, by event, over all sessions")
    axis = figure.subplots()
    if not pairs:
        axis.text(0.5, 0.5, "No session has two coders.", ha="center", va="center", transform=axis.transAxes)
        axis.set_axis_off()
        return figure
    left = np.zeros(len(pairs))
    shown = {
        "both yes": ([one.both_yes for one in pairs], "#1e8a45"),
        "only the first": ([one.only_a for one in pairs], "#b7791f"),
        "only the second": ([one.only_b for one in pairs], "#c4322a"),
        "both no": ([one.both_no for one in pairs], "#9aa3ad"),
    }
    for name, (counts, colour) in shown.items():
        axis.barh(range(len(pairs)), counts, left=left, color=colour, label=name)
        for place, count in enumerate(counts):
            if count:
                axis.text(
                    left[place] + count / 2, place, str(count), ha="center", va="center", fontsize=8, color="white"
                )
        left += counts
    for place, one in enumerate(pairs):
        kappa = "κ not defined" if np.isnan(one.kappa) else f"κ {one.kappa:.2f}"
        axis.text(left[place], place, f"  {kappa}", va="center", fontsize=9)
    axis.set_yticks(range(len(pairs)), [f"{one.coder_a} – {one.coder_b}" for one in pairs], fontsize=8)
    axis.set(xlabel="moments", xlim=(0, 1.2 * max(left.max(), 1)))
    figure.legend(fontsize=8, ncols=4, loc="outside lower center")
    return figure


def _groups(study: Study) -> dict[tuple[str, str], list[tuple[StudySession, str]]]:
    """Sessions with a coder, by condition and coder, the program first."""
    groups: dict[tuple[str, str], list[tuple[StudySession, str]]] = {}
    for session in study.sessions:
        for coder in session.coders:
            groups.setdefault((session.place.condition, coder), []).append((session, coder))
    return dict(sorted(groups.items(), key=lambda item: (item[0][1] != PROGRAM, item[0][1], item[0][0])))


def _name_sessions(axis: "Axes", sessions: tuple[StudySession, ...]) -> None:
    step = -(-len(sessions) // MOST_NAMED)
    names = [f"{session.name}{' (partial)' if session.info.partial else ''}" for session in sessions]
    axis.set_yticks(range(0, len(sessions), step), names[::step], fontsize=8)
    axis.invert_yaxis()
