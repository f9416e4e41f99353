"""The source picker: cameras by name, a file, a stream, the built-in sample."""

import threading
from pathlib import Path
from urllib.parse import urlsplit

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QWheelEvent
from PyQt6.QtWidgets import QComboBox, QFileDialog, QInputDialog, QWidget

from gui.live.run import SAMPLE
from gui.widgets.basic import Choice
from realtime.sources import VIDEO_SUFFIXES, list_cameras

KEY = Qt.Key
MOVING = {KEY.Key_Up, KEY.Key_Down, KEY.Key_PageUp, KEY.Key_PageDown, KEY.Key_Home, KEY.Key_End, KEY.Key_F4}
FILE, URL, AGAIN = "file…", "url…", "again…"
VIDEOS = f"Videos ({' '.join(f'*{suffix}' for suffix in VIDEO_SUFFIXES)});;All files (*)"


class SourcePicker(Choice):
    """The list of sources. `chosen` emits a source as `open_source` takes it, or `SAMPLE`.

    The first choice is the `remembered` source; if it is gone, the first camera, or the sample.
    """

    chosen = pyqtSignal(str)
    looked = pyqtSignal()
    """Emitted when the search for cameras is done."""

    def __init__(self, remembered: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._remembered = remembered
        self.setMinimumWidth(150)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(22)
        self.setToolTip("Source of the video")
        self.setAccessibleName("Source")
        self._found: list[tuple[str, str]] | None = None
        self._extra: list[tuple[str, str]] = []
        self._looking = QTimer(self)
        self._looking.timeout.connect(self._collect)
        self.activated.connect(self._picked)
        self._source = ""
        self._fill([])
        self.look_for_cameras()

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Ignore the wheel: each source that it passes would be started, and would end a recording."""
        if event is not None:
            event.ignore()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Open the list for the keys that move in it, which would start what they pass, too."""
        if event is not None and event.key() in MOVING:
            self.showPopup()
        elif event is not None:
            event.ignore()

    @property
    def source(self) -> str:
        """The chosen source."""
        return self._source

    @property
    def looking(self) -> bool:
        """Whether the search for cameras is still running."""
        return self._looking.isActive()

    @property
    def has_camera(self) -> bool:
        """Whether a camera was found."""
        return bool(self._cameras)

    @property
    def is_recording(self) -> bool:
        """Whether the source is a file or a stream, not a camera."""
        return self._source == SAMPLE or not (self._source in ("", "auto") or self._source.isdigit())

    @property
    def to_remember(self) -> str:
        """The source for the next start of the app: a camera by its name, because numbers change; empty for the sample
        (the default where there is no camera) and for a stream whose URL may hold a password."""
        parts = urlsplit(self._source)
        may_be_secret = "@" in parts.netloc or ("://" in self._source and bool(parts.query or parts.fragment))
        if self._source in ("", "auto", SAMPLE) or may_be_secret:
            return ""
        return next((name for name, number in self._cameras if number == self._source), self._source)

    def choose(self, source: str) -> None:
        """Choose a source; one that is not in the list is added."""
        if source and self.findData(source) < 0:
            self._extra = [(source.rsplit("/", 1)[-1], source)]
            self._fill(self._cameras)
        self._source = source
        self.setCurrentIndex(max(self.findData(source), 0))

    def look_for_cameras(self) -> None:
        """Search for cameras again; in the background, because some systems must open each."""
        self._found = None

        def look() -> None:
            self._found = [(camera.name, str(camera.number)) for camera in list_cameras()]

        threading.Thread(target=look, name="cameras", daemon=True).start()
        self._looking.start(50)

    def _collect(self) -> None:
        if self._found is None:
            return
        self._looking.stop()
        chosen = self._source
        self._fill(self._found)
        self.choose(chosen or self._first())
        self.looked.emit()

    def _first(self) -> str:
        numbers = dict(self._cameras)
        if self._remembered in numbers:
            return numbers[self._remembered]
        if "://" in self._remembered or Path(self._remembered).is_file():
            return self._remembered
        return self._cameras[0][1] if self._cameras else SAMPLE

    def _fill(self, cameras: list[tuple[str, str]]) -> None:
        self._cameras = cameras
        self.clear()
        for name, source in [*cameras, *self._extra, ("Built-in sample (synthetic)", SAMPLE)]:
            self.addItem(name, source)
        self.insertSeparator(self.count())
        self.addItem("Open a video file …", FILE)
        self.addItem("Open a stream by its URL …", URL)
        self.addItem("Look for cameras again", AGAIN)

    def _picked(self, place: int) -> None:
        source = self.itemData(place)
        if source == AGAIN:
            self.look_for_cameras()
            source = ""
        elif source == FILE:
            source, _ = QFileDialog.getOpenFileName(self, "Open a video", "", VIDEOS)
        elif source == URL:
            source, _ = QInputDialog.getText(self, "Open a stream", "URL (rtsp://, http://):")
        if source:
            self.choose(source)
            self.chosen.emit(source)
        else:
            self.choose(self._source)
