"""Plots of a result as PNG, by matplotlib."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.harness.measure import Plot


def draw(plot: Plot, path: Path) -> None:
    """Write one plot."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    if plot.kind == "line":
        for name, values in plot.series.items():
            axes.plot(np.array(plot.x, float), np.array(values, float), marker=".", label=name)
    else:
        _bars(axes, plot)
    axes.set(title=plot.title, xlabel=plot.x_label, ylabel=plot.y_label)
    axes.set_ylim(min(0.0, axes.get_ylim()[0]), 1.2 * axes.get_ylim()[1])  # from zero, with room for the legend
    axes.grid(axis="y", alpha=0.3)
    if len(plot.series) > 1:
        axes.legend(fontsize="small")
    figure.savefig(path, dpi=110)


def _bars(axes: Axes, plot: Plot) -> None:
    places = np.arange(len(plot.x), dtype=float)
    stacked = plot.kind == "stacked bars"
    width = 0.8 if stacked else 0.8 / len(plot.series)
    below = np.zeros(len(plot.x))
    for number, (name, values) in enumerate(plot.series.items()):
        heights = np.nan_to_num(np.array(values, float))
        shift = 0.0 if stacked else (number - (len(plot.series) - 1) / 2) * width
        axes.bar(places + shift, heights, width, bottom=below if stacked else None, label=name)
        below += heights
    axes.set_xticks(places, [str(name) for name in plot.x], rotation=20 if len(plot.x) > 4 else 0, fontsize="small")
