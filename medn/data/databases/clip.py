"""What every database gives: clips of one coded micro-expression each, why the others are left out, and the classes."""

from dataclasses import dataclass
from pathlib import Path

from medn.data.databases.action_units import ActionUnit

EMOTION3 = {
    "happiness": "positive",
    "surprise": "surprise",
    "anger": "negative",
    "contempt": "negative",
    "disgust": "negative",
    "fear": "negative",
    "repression": "negative",
    "sadness": "negative",
    # SMIC codes the three classes themselves
    "negative": "negative",
    "positive": "positive",
}
"""The composite's three classes (See et al. 2019, "MEGC 2019"); "others" belongs to none."""

OWN_CLASSES = {
    "casme2": ("happiness", "disgust", "repression", "surprise", "sadness", "fear", "others"),
    "samm": ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise", "others"),
    "smic": ("negative", "positive", "surprise"),
    "casme3": ("happiness", "anger", "disgust", "fear", "sadness", "surprise", "others"),
    "mmew": ("happiness", "anger", "disgust", "fear", "sadness", "surprise", "others"),
}
"""The classes that each database codes, in words shared by all."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One coded micro-expression, from onset to offset."""

    database: str
    """"casme2", "samm", "smic", "casme3" or "mmew"."""
    subject: str
    """As the database's folders name them; see `subject_key`."""
    name: str
    """Unique within the subject."""
    frames: tuple[Path, ...]
    """The picture files in order, at least two; positions below are places in it."""
    fps: float
    """The database's own recording rate."""
    onset: int
    apex: int | None
    """None where the database codes none (all of SMIC) or codes one that cannot be."""
    offset: int
    aus: tuple[ActionUnit, ...] | None
    """None where no action units were coded."""
    emotion: str
    """One of the database's own classes (`OWN_CLASSES`)."""
    emotion3: str | None
    """negative, positive or surprise; None for a class outside of these."""

    @property
    def subject_key(self) -> str:
        """ "database/subject": unique over databases, what folds are made of."""
        return f"{self.database}/{self.subject}"


@dataclass(frozen=True, slots=True)
class Database:
    """A database as it lies on disk."""

    name: str
    clips: tuple[Clip, ...]
    skipped: tuple[str, ...]
    """A sentence for each coded clip that is left out, beginning with its subject and name."""
    doubts: tuple[str, ...]
    """A sentence for each thing that was read differently from how it is coded; the clip is kept."""


def emotion_word(text: str) -> str:
    """The shared word for what a sheet writes: "Happy " is happiness, "Other" is others."""
    word = text.strip().lower()
    return _OTHER_WORDS.get(word, word)


_OTHER_WORDS = {"happy": "happiness", "sad": "sadness", "other": "others", "angry": "anger", "surprised": "surprise"}
