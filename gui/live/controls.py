"""Controls of the Live workspace that act while it runs, and are remembered: the layers, and the sensitivity."""

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QSlider, QWidget

from gui.settings import SENSITIVITIES, Settings
from gui.widgets import IconButton, label, row


def layers(settings: Settings) -> list[IconButton]:
    """A toggle for each layer over the picture."""
    return [
        _layer("user", "Face", "show_outline", settings),
        _layer("waves", "Motion", "show_motion", settings),
        _layer("target", "Events", "show_events", settings),
    ]


class Sensitivity(QWidget):
    """The slider with its factor. `changed` comes when a person moved it."""

    changed = pyqtSignal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, len(SENSITIVITIES) - 1)
        self.slider.setFixedWidth(120)
        self.slider.setToolTip(
            "Sensitivity: how small a movement may be. More to the right finds more, and more that is nothing."
        )
        self.slider.setAccessibleName("Sensitivity")
        self.slider.setValue(settings.sensitivity)
        self.slider.valueChanged.connect(self._moved)
        self._words = label(f"×{settings.factor:.1f}", quiet=True)
        self._words.setFixedWidth(34)
        self.setLayout(row(label("Sensitivity", quiet=True), self.slider, self._words))

    def _moved(self, place: int) -> None:
        self._settings.sensitivity = place
        self._words.setText(f"×{self._settings.factor:.1f}")
        self.changed.emit()


def _layer(name: str, words: str, setting: str, settings: Settings) -> IconButton:
    result = IconButton(name, f"Show or hide: {words.lower()}", text=words, toggle=True)
    result.setChecked(getattr(settings, setting))
    result.toggled.connect(lambda on: setattr(settings, setting, on))
    return result
