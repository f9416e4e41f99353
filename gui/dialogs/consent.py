"""The consent dialog: who is recorded, that they agreed, and whether pictures and sound are kept. Asked each time."""

from PyQt6.QtWidgets import QCheckBox, QDialog, QLineEdit, QWidget

from gui.widgets.basic import button, column, label, row
from realtime.sources.sound import Microphone


class ConsentDialog(QDialog):
    """Shown before anything is written."""

    def __init__(
        self,
        person: str,
        parent: QWidget | None = None,
        *,
        video_possible: bool = True,
        microphone: Microphone | str = "",
    ) -> None:
        """`microphone`: the one that would be recorded, or why there is none, in a sentence."""
        super().__init__(parent)
        self._heard = isinstance(microphone, Microphone)
        self.setWindowTitle("Record")
        self.setMinimumWidth(460)
        self._person = QLineEdit(person)
        self._person.setPlaceholderText("Name or code of the person in the picture")
        self._person.setAccessibleName("Who is recorded")
        self._agreed = QCheckBox("This person knows what is recorded and why, and agreed to it.")
        self._video = QCheckBox("Record with video (pictures of the face are stored)")
        self._pictures = QCheckBox("Keep two pictures of the face with each event (onset and apex)")
        self._pictures.setToolTip(
            "They are stored in the session file and deleted with it; Review shows them where there is no video."
        )
        self._sound = QCheckBox("Record the microphone with the video (what is said is stored)")
        self._sound.setEnabled(False)
        heard = f"Microphone: {microphone.description}" if isinstance(microphone, Microphone) else microphone
        self._note = label(heard, quiet=True, wrap=True)
        for part in (self._video, self._sound, self._note):
            part.setVisible(video_possible)
        self._video.toggled.connect(lambda on: self._allow_sound(with_video=on))
        kept = (
            "Always kept: times and sizes of movements, events, and your marks. No picture and no sound, unless ticked "
            "above."
        )
        if not video_possible:
            kept += " The recording that is being played stays where it is."
        self._ok = button("Record", self.accept, role="primary")
        foot = row(None, button("Cancel", self.reject), self._ok)
        self._person.textChanged.connect(self._check)
        self._agreed.toggled.connect(self._check)
        who = label("Who is recorded?", role="heading")
        note = label(kept, quiet=True, wrap=True)
        self.setLayout(
            column(
                who, self._person, self._agreed, 4, self._pictures, self._video, self._sound, self._note, note, 8, foot,
                gap=10, margin=24,
            )
        )  # fmt: skip
        self._check()

    @property
    def person(self) -> str:
        """Who is recorded."""
        return self._person.text().strip()

    @property
    def with_video(self) -> bool:
        """Whether the video is kept."""
        return self._video.isChecked()

    @property
    def with_pictures(self) -> bool:
        """Whether pictures of the events are kept."""
        return self._pictures.isChecked()

    @property
    def with_sound(self) -> bool:
        """Whether the microphone is recorded with the video."""
        return self._sound.isChecked()

    def _allow_sound(self, *, with_video: bool) -> None:
        """There is sound only with the video."""
        self._sound.setEnabled(with_video and self._heard)
        if not with_video:
            self._sound.setChecked(False)

    def _check(self) -> None:
        self._ok.setEnabled(bool(self.person) and self._agreed.isChecked())
