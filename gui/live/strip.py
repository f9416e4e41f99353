"""The status strip: measured figures of the run. A click shows every stage."""

from dataclasses import dataclass

from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QGuiApplication, QMouseEvent, QResizeEvent
from PyQt6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from gui.format import limit_text
from gui.widgets.basic import button, column, label, row
from realtime.drivers import Summary
from realtime.types import Event
from realtime.viewing.limits import PartLimits

GAP_PX = 56
"""Between the figures and the runtime, and at both ends."""
SCREEN = "capture_to_screen"
"""The stage that the window itself measures: from capture to the end of painting."""
STAGE_NAMES = {SCREEN: "capture → screen", "capture_to_result": "capture → result", "step": "whole analysis"}


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures that the strip shows."""

    summary: Summary
    fps: float
    """Frames a second over the last half second."""
    event: Event | None
    """The newest event."""
    limit_pct: PartLimits
    """The newest limits of detection of the face whose trace is shown."""
    command: str
    """The same run on the command line."""
    runtime: str
    weights: str


class Strip(QFrame):
    """One line of figures."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "strip")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(
            "Measured while it runs. Click for every stage (F2).\n"
            "“from 1.2 %”: half of all movements of this size are found, in % of the eye distance."
        )
        self.setAccessibleName("Latency and drops")
        self._line = label("", quiet=True)
        self._side = label("", quiet=True)
        self.setLayout(row(self._line, None, self._side, margin=0))
        self.layout().setContentsMargins(16, 0, 16, 0)  # type: ignore[union-attr]
        for part in (self._line, self._side):
            part.setMinimumWidth(1)  # so that it does not keep the window wide
        self.setFixedHeight(30)
        self._measured: Measured | None = None
        self._details = Details(self)

    def show_measured(self, measured: Measured) -> None:
        """Show the figures of the run."""
        self._measured = measured
        self._line.setText("    ".join(line_of(measured)))
        self._side.setText(runs_on(measured))
        self._make_room()
        if self._details.isVisible():
            self._details.show_measured(measured)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Leave out what does not fit."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Hide runtime and weights, which the details show too, where they would cut the figures off."""
        needed = sum(part.sizeHint().width() for part in (self._line, self._side)) + GAP_PX
        self._side.setVisible(needed <= self.contentsRect().width())

    def mouseReleaseEvent(self, _: QMouseEvent | None) -> None:
        """Open the details."""
        self.open_details()

    def open_details(self) -> None:
        """Show every stage, if something was measured."""
        if self._measured is None:
            return
        self._details.show_measured(self._measured)
        self._details.adjustSize()
        self._details.move(self.mapToGlobal(QPoint(12, -self._details.height() - 6)))
        self._details.show()


class Details(QFrame):
    """A popover with stages and drops."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setProperty("role", "panel")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(20)
        self._drops = label("", quiet=True)
        self._measured: Measured | None = None
        copy = button("Copy", self._copy, tip="Copy these figures as text")
        command = button("Copy as command", self._copy_command, tip="The same run on the command line")
        title = label("Measured in this run", role="heading")
        self.setLayout(column(row(title, 24, None, command, copy), self._grid, self._drops, gap=10, margin=16))

    def show_measured(self, measured: Measured) -> None:
        """Fill the table."""
        self._measured = measured
        for place, texts in enumerate(table_of(measured)):
            for col, text in enumerate(texts):
                item = self._grid.itemAtPosition(place, col)
                cell = item.widget() if item else None
                if not isinstance(cell, QLabel):
                    cell = label("", quiet=place == 0 or col == 0)
                    self._grid.addWidget(cell, place, col)
                    side = Qt.AlignmentFlag.AlignRight if col else Qt.AlignmentFlag.AlignLeft
                    cell.setAlignment(side)
                cell.setText(text)
        self._drops.setText(f"{accounts(measured.summary)}\n{runs_on(measured)}")

    def _copy_command(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if self._measured and clipboard:
            clipboard.setText(self._measured.command)

    def _copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if self._measured and clipboard:
            lines = ["\t".join(texts) for texts in table_of(self._measured)]
            clipboard.setText("\n".join([*lines, accounts(self._measured.summary), *line_of(self._measured)]))


def line_of(measured: Measured) -> list[str]:
    """Format the figures of the strip."""
    summary = measured.summary
    parts = [f"{measured.fps:.1f} fps"]
    screen = summary.stages_ms.get(SCREEN)
    if screen:
        parts.append(f"capture → screen {screen['p50']:.0f} ms p50 · {screen['p99']:.0f} p99")
    if measured.event is not None:
        parts.append(f"event delay {measured.event.algorithmic_ms:.0f} + {measured.event.compute_ms:.0f} ms")
    dropped = sum(summary.frames_dropped.values())
    parts.append(f"dropped {dropped}")
    parts.append(limit_text(measured.limit_pct))
    return parts


def runs_on(measured: Measured) -> str:
    """Format runtime and weights."""
    return f"{measured.runtime}  ·  {measured.weights}"


def table_of(measured: Measured) -> list[tuple[str, str, str, str]]:
    """Format the stages with their quantiles in ms, with a header."""
    rows = [("stage, ms", "p50", "p90", "p99")]
    for stage, ms in measured.summary.stages_ms.items():
        name = STAGE_NAMES.get(stage, stage)
        rows.append((name, f"{ms['p50']:.1f}", f"{ms['p90']:.1f}", f"{ms['p99']:.1f}"))
    return rows


def accounts(summary: Summary) -> str:
    """Account for every frame: analysed, or dropped with the cause."""
    causes = ", ".join(f"{count} {cause}" for cause, count in summary.frames_dropped.items()) or "none"
    return f"{summary.frames_offered} frames offered, {summary.frames_processed} analysed; dropped: {causes}"
