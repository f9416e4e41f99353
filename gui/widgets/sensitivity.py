"""What is reported and of how many faces: controls of every analysis, stored in the settings."""

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import QSlider, QWidget

from gui.settings import SCORE_THRESHOLDS, Settings
from gui.widgets.basic import Choice, label, row

MOST_FACES = 4
FALSE_ALARMS_PER_MIN = {0.9: 0, 0.8: 0, 0.7: 0, 0.6: 0, 0.5: 0, 0.4: 0.15, 0.3: 0.15, 0.2: 0.35, 0.1: 0.9}
"""Score threshold → false alarms a minute on 20 min of real people who talk, move or sit still (docs/spotting.md)."""


class Sensitivity(QWidget):
    """A slider of score thresholds. `changed` is emitted when it is moved, by a person or to what was set elsewhere."""

    changed = pyqtSignal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, len(SCORE_THRESHOLDS) - 1)
        self.slider.setFixedWidth(110)
        self.slider.setPageStep(1)
        self.slider.setToolTip(
            "Candidates with at least this score (0 to 1) are reported. To the right: more events, more false alarms. "
            "False alarms were counted on 20 minutes of real people who talk, move or sit still."
        )
        self.slider.setAccessibleName("Sensitivity")
        self.slider.setValue(SCORE_THRESHOLDS.index(settings.score_threshold))
        self.slider.valueChanged.connect(self._moved)
        self._description = label(description(settings.score_threshold), quiet=True)
        self._description.setMinimumWidth(1)  # so that it does not keep the window wide
        self.setLayout(row(label("Sensitivity", quiet=True), self.slider, self._description))

    def showEvent(self, event: QShowEvent | None) -> None:
        """Follow a change that was made in another workspace."""
        super().showEvent(event)
        place = SCORE_THRESHOLDS.index(self._settings.score_threshold)
        if place != self.slider.value():
            self.slider.setValue(place)
            self.changed.emit()

    def show_description(self, *, on: bool) -> None:
        """Show what the place of the slider means, or save the space; the tooltip describes it too."""
        self._description.setVisible(on)

    def _moved(self, place: int) -> None:
        self._description.setText(description(SCORE_THRESHOLDS[place]))
        if self._settings.score_threshold == SCORE_THRESHOLDS[place]:
            return
        self._settings.score_threshold = SCORE_THRESHOLDS[place]
        self.changed.emit()


class Faces(QWidget):
    """How many faces are followed at most."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self.choice = Choice()
        self.choice.setAccessibleName("Faces to follow")
        self.choice.setToolTip("The most faces that are followed; events of others are not found.")
        for count in range(1, MOST_FACES + 1):
            self.choice.addItem(str(count), count)
        self.choice.currentIndexChanged.connect(self._changed)
        self.setLayout(row(label("Faces", quiet=True), self.choice))

    def showEvent(self, event: QShowEvent | None) -> None:
        """Follow a change that was made elsewhere."""
        self.follow()
        super().showEvent(event)

    def follow(self) -> None:
        """Show the setting as it is now."""
        self.choice.setCurrentIndex(self.choice.findData(self._settings.most_faces))

    def _changed(self, _: int) -> None:
        self._settings.most_faces = self.choice.currentData()


def description(score_threshold: float) -> str:
    """Describe a place of the slider."""
    false_alarms = FALSE_ALARMS_PER_MIN[score_threshold]
    rate = f"about {false_alarms:.2g}" if false_alarms else "under 0.1"
    return f"from {score_threshold:.1f}: {rate} false alarms a minute"
