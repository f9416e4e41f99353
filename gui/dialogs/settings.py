"""The settings dialog, for settings that have no control on a workspace."""

from importlib.util import find_spec
from pathlib import Path

from PyQt6.QtWidgets import QCheckBox, QComboBox, QDialog, QFileDialog, QGridLayout, QLineEdit, QWidget

from gui.settings import Settings, settings_file
from gui.widgets.basic import Choice, button, column, label, resize_within_screen, row, scrolling
from gui.widgets.sensitivity import MOST_FACES
from realtime.sources import SourceError
from realtime.sources.microphone import list_microphones

MODES = ((640, 480), (1280, 720), (1920, 1080))
RATES_HZ = (24, 25, 30, 50, 60, 90, 120, 200)


class SettingsDialog(QDialog):
    """Changes apply with Done; those of the camera and the runtime with the next start of a run."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setWindowTitle("Settings")
        self._mode = _choice([(f"{w} × {h}", (w, h)) for w, h in MODES], (settings.width, settings.height))
        self._rate = _choice([(f"{rate} fps", rate) for rate in RATES_HZ], settings.rate_hz)
        self._faces = _choice([(str(count), count) for count in range(1, MOST_FACES + 1)], settings.most_faces)
        self._runtime = _choice(_runtimes(settings.runtime), settings.runtime)
        self._microphone = _choice(_microphones(settings.microphone), settings.microphone)
        self._workers = _choice([(str(count), count) for count in (1, 2, 3, 4, 6, 8, 12, 16)], settings.workers)
        self._folder = QLineEdit(settings.sessions)
        self._folder.setAccessibleName("Folder of the sessions")
        self._folder.setPlaceholderText("The program's own folder")
        self._spotter = QLineEdit(settings.spotter)
        self._spotter.setAccessibleName("Decision of the spotter")
        self._spotter.setPlaceholderText("The shipped one")
        self._spotter.setToolTip("A file that medn train-spotter --footage made for your own setting.")
        self._still = QCheckBox("Reduce motion: nothing fades or slides")
        self._still.setChecked(settings.reduced_motion)
        self._lsl = QCheckBox("Publish live runs on the local network (Lab Streaming Layer)")
        self._lsl.setToolTip(
            "Every machine there can read events and motion; the laboratory's markers become marks of the recording."
        )
        self._lsl.setChecked(settings.lsl)
        self._lsl.setEnabled(find_spec("pylsl") is not None or settings.lsl)
        browse = button("Choose …", self._browse)
        grid = QGridLayout()
        grid.setVerticalSpacing(10)
        grid.setHorizontalSpacing(16)
        rows: list[tuple[str, QWidget]] = [
            ("Camera picture", self._mode), ("Camera rate", self._rate), ("Faces to follow", self._faces),
            ("Microphone of recordings", self._microphone), ("Recognition runs on", self._runtime),
            ("Recordings analysed at a time", self._workers),
        ]  # fmt: skip
        for place, (text, widget) in enumerate(rows):
            name = label(text)
            name.setBuddy(widget)
            widget.setAccessibleName(text)
            grid.addWidget(name, place, 0)
            grid.addWidget(widget, place, 1)
        grid.addWidget(label("Sessions"), len(rows), 0)
        grid.addLayout(row(self._folder, browse), len(rows), 1)
        grid.addWidget(label("Decision of the spotter"), len(rows) + 1, 0)
        grid.addLayout(row(self._spotter, button("Choose …", self._choose_spotter)), len(rows) + 1, 1)
        grid.setColumnStretch(1, 1)
        self._problem = label("", wrap=True)
        note = label(
            "A camera may not support the size or rate; the rate that is shown is measured. Changes of the camera and "
            f"of the runtime, and publishing, apply with the next start of a run. Settings file: {settings_file()}.",
            quiet=True,
            wrap=True,
        )
        foot = row(None, button("Cancel", self.reject), button("Done", self._take, role="primary"))
        choices = scrolling(column(grid, self._still, self._lsl, note, None, gap=12))
        layout = column(label("Settings", role="title"), choices, self._problem, foot, gap=12, margin=24)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        inside = choices.widget()
        assert inside is not None
        resize_within_screen(self, max(600, inside.sizeHint().width() + 72), inside.sizeHint().height() + 160)

    def _take(self) -> None:
        settings = self._settings
        if (chosen := self._spotter.text().strip()) != settings.spotter:
            from realtime.recognition.decision import DecisionError, decision_file  # takes a second to load

            try:
                found = decision_file(Path(chosen)) if chosen else None
            except DecisionError as error:
                self._problem.setText(str(error))
                return
            settings.spotter, settings.spotter_sha256 = (found.path, found.sha256) if found else ("", "")
        settings.width, settings.height = self._mode.currentData()
        settings.rate_hz, settings.most_faces = self._rate.currentData(), self._faces.currentData()
        settings.runtime, settings.microphone = self._runtime.currentData(), self._microphone.currentData()
        settings.workers, settings.reduced_motion = self._workers.currentData(), self._still.isChecked()
        settings.lsl = self._lsl.isChecked()
        settings.sessions = self._folder.text().strip()
        self.accept()

    def _choose_spotter(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, "A decision of the spotter", self._spotter.text() or str(Path.home()), "Decisions (*.npz)"
        )
        if chosen:
            self._spotter.setText(chosen)

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, "Folder of the sessions", self._folder.text() or str(Path.home())
        )
        if folder:
            self._folder.setText(folder)


def _runtimes(chosen: str) -> list[tuple[str, object]]:
    """Return the runtimes of this machine, and the chosen one even if this machine does not have it any more."""
    from medn.runtime import RUNTIMES, runtimes_here  # brings ONNX Runtime with it

    here = runtimes_here()
    options: list[tuple[str, object]] = [("The best that this machine has", "auto")]
    options += [(what, name) for name, what in here.items()]
    if chosen != "auto" and chosen not in here:
        what = RUNTIMES[chosen].what if chosen in RUNTIMES else chosen
        options.append((f"{what} (not found here)", chosen))
    return options


def _microphones(chosen: str) -> list[tuple[str, object]]:
    """Return the microphones of this machine, and the chosen one even if it is not connected."""
    try:
        here = list_microphones()
    except SourceError as error:
        return [(str(error), chosen)]
    options: list[tuple[str, object]] = [("The system's own" if here else "This machine has none", "")]
    options += [(each.description, each.name) for each in here]
    if chosen and chosen not in [each.name for each in here]:
        options.append((f"{chosen} (not connected)", chosen))
    return options


def _choice(options: list[tuple[str, object]], chosen: object) -> QComboBox:
    result = Choice()
    result.setMinimumWidth(120)  # a microphone's name may be wider than the screen
    for text, value in options:
        result.addItem(text, value)
    place = next((i for i, (_, value) in enumerate(options) if value == chosen), 0)
    result.setCurrentIndex(place)
    return result
