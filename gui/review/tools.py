"""The tools between film and timeline: playing, stepping, magnifying, marking, exporting."""

from functools import partial
from typing import TYPE_CHECKING

from PyQt6.QtWidgets import QWidget

from gui.widgets import IconButton, label, row
from gui.words import clock

if TYPE_CHECKING:
    from gui.review.workspace import ReviewWorkspace


class Tools(QWidget):
    """The row of buttons, with the place in the film and what is being shown."""

    def __init__(self, review: "ReviewWorkspace") -> None:
        super().__init__()
        viewer, zoom = review.viewer, review.timeline.zoom
        self._place, self._doing = label("0:00.00"), label("", quiet=True)
        self._play = IconButton("play", "Play (Space)", review.toggle_play)
        self._magnify = IconButton("arrows-out", "Magnify the movement (G)", review.magnify, toggle=True)
        tools = row(
            self._play,
            IconButton("caret-left", "One frame back (←)", lambda: viewer.step(-1)),
            IconButton("caret-right", "One frame on (→)", lambda: viewer.step(1)),
            IconButton("repeat", "Loop the event slowly (L)", review.loop),
            IconButton("gauge", "Speed: ¼, ½ or full (S)", review.next_speed),
            self._magnify, 8, self._place, 8, self._doing, None,
            IconButton("magnifying-glass-minus", "More of the timeline (−)", partial(zoom, 1), flat=True),
            IconButton("magnifying-glass-plus", "Less of the timeline (+)", partial(zoom, -1), flat=True),
            IconButton("flag", "Mark this place (M)", review.mark),
            IconButton("export", "Export", review.export, key="Ctrl+E", text="Export"),
        )  # fmt: skip
        self.setLayout(tools)
        self._viewer = viewer

    def refresh(self) -> None:
        """Tell what the viewer does now."""
        viewer = self._viewer
        self._play.show_as("pause" if viewer.playing else "play", "Stop (Space)" if viewer.playing else "Play (Space)")
        self._magnify.setChecked(viewer.magnified)
        place = f"{clock(viewer.position_s)} / {clock(viewer.end_s)}"
        for words, shown in ((place, self._place), (viewer.doing, self._doing)):
            if shown.text() != words:
                shown.setText(words)
