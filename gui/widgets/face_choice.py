"""The choice of the face whose readings are shown; hidden where there is one face only."""

from collections.abc import Sequence

from PyQt6.QtCore import pyqtSignal

from gui.widgets.basic import Choice


class FaceChoice(Choice):
    """A combo box of face numbers, as exports number them. `picked` emits the number that a person chose."""

    picked = pyqtSignal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Face whose trace is shown")
        self.setToolTip("The face whose trace, limits and events are shown")
        self.activated.connect(lambda place: self.picked.emit(self.itemData(place)))
        self.hide()

    def show_faces(self, faces: Sequence[int], shown: int) -> None:
        """Offer these faces; `shown` is the one whose trace is shown."""
        if [self.itemData(place) for place in range(self.count())] != list(faces):
            self.clear()
            for face in faces:
                self.addItem(f"face {face}", face)
        self.setCurrentIndex(self.findData(shown))
        self.setVisible(len(faces) > 1)
