"""What was said in a recording, to be looked up quickly: at a moment, in a stretch of time, by words."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from realtime.labels import Label, texts_at


class Transcript:
    """Labels in the order of time; thousands of them are looked up without a search through all."""

    def __init__(self, labels: Sequence[Label]) -> None:
        self.labels = tuple(labels)
        self.speakers = tuple(dict.fromkeys(label.tier for label in self.labels))
        """In the order in which they begin to speak."""
        self._starts_s = [label.start_s for label in self.labels]
        self._longest_s = max((label.end_s - label.start_s for label in self.labels), default=0.0)
        self._joined, self._places = _joined(self.labels)

    def between(self, start_s: float, end_s: float) -> tuple[Label, ...]:
        """The labels that overlap a stretch of time."""
        first = bisect_left(self._starts_s, start_s - self._longest_s)
        last = bisect_right(self._starts_s, end_s)
        return tuple(label for label in self.labels[first:last] if label.end_s >= start_s)

    def at(self, start_s: float, end_s: float) -> str:
        """What was said in a stretch of time, on one line, speakers before their words."""
        return texts_at(self.between(start_s, end_s), start_s, end_s)

    def find(self, words: str) -> list[Label]:
        """The labels in which words begin, in the order of time; words may go on in the speaker's next label."""
        wanted = " ".join(words.lower().split())
        found: set[int] = set()
        place = self._joined.find(wanted) if wanted else -1
        while place >= 0:
            found.add(self._places[1][bisect_right(self._places[0], place) - 1])
            place = self._joined.find(wanted, place + 1)
        return [self.labels[number] for number in sorted(found)]


def _joined(labels: Sequence[Label]) -> tuple[str, tuple[list[int], list[int]]]:
    """All that was said in lower case, one speaker after the other; where each label begins there, and its number."""
    text, begins, numbers = "", [], []
    parts: list[str] = []
    length = 0
    for speaker in dict.fromkeys(label.tier for label in labels):
        for number, label in enumerate(labels):
            if label.tier == speaker:
                begins.append(length)
                numbers.append(number)
                parts.append(f"{label.text.lower()} ")
                length += len(parts[-1])
        parts.append("\n")  # no words begin with one speaker and end with another
        length += 1
    text = "".join(parts)
    return text, (begins, numbers)
