"""The first page: what the app does, what it does not do, and its permitted use. Accepted once."""

from itertools import chain

from PyQt6.QtWidgets import QCheckBox, QDialog, QWidget

from gui.settings import TERMS, Settings, save
from gui.widgets.basic import button, column, frame, label, readable, resize_within_screen, row

PARAGRAPHS = (
    ("What it computes",
     "From a camera or a recording MEDN follows facial landmarks, measures how each region of the face moves, and "
     "marks brief movements (under half a second) with their onset, apex and offset. Where recognition weights are "
     "installed, each gets probabilities for facial action units and three emotion classes."),
    ("What that means",
     "Every event is a place in the recording for a person to look at, not a finding. Spotting misses movements and "
     "raises false alarms; a class is a guess about a movement, not about what someone feels. This is no lie "
     "detector: no movement of a face shows whether a statement is true."),
    ("What stays on this machine",
     "Everything. Nothing is sent anywhere. A session holds times, measurements, your marks and notes, and the name "
     "or code of the person recorded. Pictures of the face are not stored unless you tick that for a recording: two "
     "with each event, or the whole video. The microphone is recorded, into that video, only if you tick that too. "
     "Deleting a session takes all of this and the video recorded with it to the "
     "bin, or away for good where there is none; files that you exported or copied, and a recording that was only "
     "analysed, stay where they are."),
    ("What it must not be used for",
     "In the European Union, inferring emotions of people at work or in education is prohibited (AI Act, Article 5), "
     "except for medical or safety reasons. Biometric and emotion data may need consent or be regulated where "
     "you are. Decisions about people must not rest on this program."),
    ("Consent",
     "Record only people who know what is recorded and why, and agreed to it. You will be asked at each recording, "
     "and the answer is stored with it."),
)  # fmt: skip


def accept_terms(settings: Settings) -> bool:
    """Show the page unless it was accepted before; return whether the app may go on."""
    if settings.accepted_terms >= TERMS:
        return True
    if FirstRun().exec() != QDialog.DialogCode.Accepted:
        return False
    settings.accepted_terms = TERMS
    try:
        save(settings)
    except OSError as error:  # it is asked again at the next start
        print(f"medn: settings were not saved: {error}")
    return True


class FirstRun(QDialog):
    """The page."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("MEDN")
        resize_within_screen(self, 700, 720)
        parts: list[QWidget | int] = []
        for heading, text in PARAGRAPHS:
            parts += [label(heading, role="heading"), label(text, wrap=True), 10]
        self._read = QCheckBox("I have read this and will use it accordingly.")
        self._go = button("Continue", self.accept, role="primary")
        self._go.setEnabled(False)
        self._read.toggled.connect(self._go.setEnabled)
        title = label("Before you begin", role="title")
        lead = label("Live micro-expression recognition, on this machine only.", quiet=True)
        foot = row(self._read, None, button("Quit", self.reject), self._go)
        page = readable(column(*parts, None, gap=4), "\n".join(chain(*PARAGRAPHS)))
        layout = column(
            title,
            lead,
            frame("panel", column(page, margin=12)),
            foot,
            gap=12,
            margin=24,
        )
        layout.setStretch(2, 1)
        self.setLayout(layout)
