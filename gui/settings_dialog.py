"""Settings that are not on the workspaces themselves."""

from pathlib import Path

from PyQt6.QtWidgets import QCheckBox, QComboBox, QDialog, QFileDialog, QGridLayout, QLineEdit, QWidget

from gui.settings import Settings, settings_file
from gui.widgets import Choice, button, column, label, row

MODES = ((640, 480), (1280, 720), (1920, 1080))
RATES_HZ = (24, 25, 30, 50, 60, 90, 120, 200)


class SettingsDialog(QDialog):
    """Changes are taken over with Done; those of the camera and the runtime with the next start."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setWindowTitle("Settings")
        self.setMinimumWidth(520)
        self._mode = _choice([(f"{w} × {h}", (w, h)) for w, h in MODES], (settings.width, settings.height))
        self._rate = _choice([(f"{rate} fps", rate) for rate in RATES_HZ], settings.rate_hz)
        self._faces = _choice([(str(count), count) for count in (1, 2, 3, 4)], settings.most_faces)
        self._runtime = _choice(_runtimes(settings.runtime), settings.runtime)
        self._workers = _choice([(str(count), count) for count in (1, 2, 3, 4, 6, 8, 12, 16)], settings.workers)
        self._folder = QLineEdit(settings.sessions)
        self._folder.setAccessibleName("Folder of the sessions")
        self._folder.setPlaceholderText("The program's own folder")
        self._still = QCheckBox("Reduce motion: nothing fades or slides")
        self._still.setChecked(settings.reduced_motion)
        browse = button("Choose …", self._browse)
        grid = QGridLayout()
        grid.setVerticalSpacing(10)
        grid.setHorizontalSpacing(16)
        rows: list[tuple[str, QWidget]] = [
            ("Camera picture", self._mode), ("Camera rate", self._rate), ("Faces to follow", self._faces),
            ("Recognition runs on", self._runtime), ("Recordings analysed at a time", self._workers),
        ]  # fmt: skip
        for place, (words, widget) in enumerate(rows):
            name = label(words)
            name.setBuddy(widget)
            widget.setAccessibleName(words)
            grid.addWidget(name, place, 0)
            grid.addWidget(widget, place, 1)
        grid.addWidget(label("Sessions"), len(rows), 0)
        grid.addLayout(row(self._folder, browse), len(rows), 1)
        grid.setColumnStretch(1, 1)
        note = label(
            f"A camera gives what it can; the rate is measured. Changes of the camera and of "
            f"what recognition runs on come with the next start. Kept in {settings_file()}.",
            quiet=True,
            wrap=True,
        )
        foot = row(None, button("Cancel", self.reject), button("Done", self._take, role="primary"))
        self.setLayout(column(label("Settings", role="title"), grid, self._still, note, 8, foot, gap=12, margin=24))

    def _take(self) -> None:
        settings = self._settings
        settings.width, settings.height = self._mode.currentData()
        settings.rate_hz, settings.most_faces = self._rate.currentData(), self._faces.currentData()
        settings.runtime = self._runtime.currentData()
        settings.workers, settings.reduced_motion = self._workers.currentData(), self._still.isChecked()
        settings.sessions = self._folder.text().strip()
        self.accept()

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Where sessions go", self._folder.text() or str(Path.home()))
        if folder:
            self._folder.setText(folder)


def _runtimes(chosen: str) -> list[tuple[str, object]]:
    """What can be chosen here, and what was chosen, even if this machine has it no more."""
    from medn.runtime import RUNTIMES, runtimes_here  # brings ONNX Runtime with it

    here = runtimes_here()
    options: list[tuple[str, object]] = [("The best that this machine has", "auto")]
    options += [(what, name) for name, what in here.items()]
    if chosen != "auto" and chosen not in here:
        what = RUNTIMES[chosen].what if chosen in RUNTIMES else chosen
        options.append((f"{what} (not found here)", chosen))
    return options


def _choice(options: list[tuple[str, object]], chosen: object) -> QComboBox:
    result = Choice()
    for words, value in options:
        result.addItem(words, value)
    place = next((i for i, (_, value) in enumerate(options) if value == chosen), 0)
    result.setCurrentIndex(place)
    return result
