"""What other coders found in a recording, or judged of its events: ELAN, Praat, BORIS, subtitles, tables, sessions.

A file that MEDN exported is read back with classes, action units, apex and review. In another one each label is a
movement that the coder found; its class and action units are read from its text where that names them.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from medn.contract import AU_NAMES, EMOTIONS
from realtime.codings.tables import TABLES, read_table
from realtime.codings.words import coding_of
from realtime.export.context import ADDED
from realtime.labels import Label, LabelError, chosen_labels, read_labels, require_file
from realtime.session import Coding, Status, open_session
from realtime.session.rows import coding_of_event

_OWN_TIER = re.compile(r"(face \d+(?:, overlap \d+)?) (events|phases|emotion|action units|regions|status|note)")
_OWN_EVENT = re.compile(r"(event \d+), score \d\.\d\d")
_BESIDE = re.compile(r"(marks|said|coded)\b.*")
"""Tiers of MEDN's own exports that hold other things than events."""
_OWN_LINE = re.compile(
    r"(?:(?P<face>face \d+): |micro-expression; )(?P<found>.*?)score \d\.\d\d(?:; (?P<status>confirmed|rejected))?"
    rf"(?:; {ADDED})?(?:; (?P<note>.*?))??(?:; “.*”)?"
)
"""The label of an event in subtitles and BORIS: see `realtime.export.context.label_of`."""
_OWN_SUBJECT = re.compile(r"face \d+")


def read_codings(path: Path, tiers: Sequence[str] = (), coder: str = "") -> list[Coding]:
    """Read one coder's file in the order of time, of certain `tiers` (subjects, speakers) or of all.

    Of a session, what `coder` judged there, or what its only coder did; without a name, what its first coder did.
    Labels of the same span are one coding.
    Raises `UserError` in one sentence: also where a file that MEDN did not write has several tiers and none is chosen,
    a session several coders and none of that name, and where nothing is left or nothing of it was judged.
    """
    if path.suffix.lower() == ".medn":
        found = _of_session(path, coder)
    elif path.suffix.lower() in TABLES:
        require_file(path)
        found = read_table(path, tiers)
    else:
        found = _of_labels(path, read_labels(path), tiers)
    if not found:
        raise LabelError(f"{path} holds nothing that a coder found or judged.")
    if all(one.status is Status.UNREVIEWED and not one.text for one in found):
        raise LabelError(f"{path} holds no judgement yet, only unreviewed events: confirm or reject them first.")
    return sorted(found, key=lambda coded: (coded.onset_s, coded.offset_s))


def _of_session(path: Path, coder: str) -> list[Coding]:
    with open_session(path) as session:
        codings, nameless = session.codings(), session.nameless
        names = sorted({session.reviewer, *codings} - {""})
    if coder and coder not in names and len(names) > 1:
        raise LabelError(f"{path} was judged by {', '.join(names)}; give the name of one of them.")
    if len(names) == 1 and not nameless:
        [coder] = names
    if coder in codings and all(one.face is None for one in codings[coder]):
        return codings[coder]  # imported there: movements of their own, no judgements of events
    with open_session(path, coder if coder in codings else None) as session:
        events = session.events()
    return [coding_of_event(stored, stored.status, stored.note) for stored in events]


def _of_labels(path: Path, labels: Sequence[Label], tiers: Sequence[str]) -> list[Coding]:
    if not tiers and (own := [label for label in labels if _OWN_TIER.fullmatch(label.tier)]):
        return _of_own_tiers(path, own)
    own = [label for label in labels if _own_line(label) or _OWN_SUBJECT.fullmatch(label.tier)]
    if not tiers and own:
        boris = path.suffix.lower() == ".boris"
        # what a coder added without choosing a subject; marks have none either
        added = [label for label in labels if boris and not label.tier and _is_coded(label)]
        return list(_joined((*own, *added)))
    chosen = chosen_labels(path, labels, tiers)
    if not tiers:
        chosen = [label for label in chosen if not _BESIDE.fullmatch(label.tier)]
    several = {label.tier for label in chosen}
    if path.suffix.lower() in (".eaf", ".textgrid") and not tiers and len(several) > 1:
        raise LabelError(f"{path} has the tiers {', '.join(sorted(several))}; name the coder's with --tier.")
    if path.suffix.lower() in (".eaf", ".textgrid"):  # units, class and apex may lie in tiers of their own
        chosen = [replace(label, tier="") for label in chosen]
    return list(_joined(chosen))


def _of_own_tiers(path: Path, labels: Sequence[Label]) -> list[Coding]:
    """The events of MEDN's own tiers, with the labels of their face's tiers that lie at their time.

    A coder may have moved the ends of an event, which moves them in one tier only. Raises `LabelError` for an event
    without a status, which was moved away from all that is known of it.
    """
    by_face: defaultdict[str, dict[str, list[Label]]] = defaultdict(lambda: defaultdict(list))
    for label in labels:
        if named := _OWN_TIER.fullmatch(label.tier):
            by_face[named[1]][named[2]].append(label)
    found, lost = [], []
    for face, kinds in by_face.items():
        events = kinds["events"]
        rising = _by_event(events, [label for label in kinds["phases"] if label.text == "onset–apex"])
        said = {kind: _by_event(events, kinds[kind]) for kind in ("emotion", "action units", "status", "note")}
        for event in events:
            texts = {kind: labelled[event].text if event in labelled else "" for kind, labelled in said.items()}
            if unknown := coding_of(texts["status"], event.start_s, event.end_s).text:
                known = ", ".join(each.value for each in Status)
                raise LabelError(f"{path}: the status {unknown} at {event.start_s:g} s is none of {known}.")
            note = texts.pop("note")
            apex_s = rising[event].end_s if event in rising else None
            if apex_s is not None and not event.start_s <= apex_s <= event.end_s:
                apex_s = None
            coded = coding_of("; ".join(texts.values()), event.start_s, event.end_s, apex_s)
            own = _OWN_EVENT.fullmatch(event.text)
            if own and event not in said["status"]:
                lost.append(f"{own[1]} at {event.start_s:g} s in the tier {face} status")
            found.append(replace(coded, text=note, judges_event=bool(own)))
    if lost:
        way_out = "where an event was moved, move its labels in the other tiers, too"
        raise LabelError(f"{path} has no status for {', '.join(lost)}: {way_out}.")
    return found


def _by_event(events: Sequence[Label], labels: Iterable[Label]) -> dict[Label, Label]:
    """The label of each event: each goes to the event with which it shares most time, one for each event."""
    found: dict[Label, Label] = {}
    for label in labels:
        event = max(events, key=lambda one: _shared_s(one, label), default=label)
        if _shared_s(event, label) > (_shared_s(event, found[event]) if event in found else 0.0):
            found[event] = label
    return found


def _shared_s(one: Label, other: Label) -> float:
    return min(one.end_s, other.end_s) - max(one.start_s, other.start_s)


def _joined(labels: Iterable[Label]) -> Iterator[Coding]:
    """Labels of the same span, tier and face as one coding; a point called apex within one is its apex.

    What has the number of an event of MEDN's goes with it also where a coder moved the event's ends in BORIS.
    """
    labels = list(labels)
    events = {(label.tier, label.modifiers): label for label in labels if label.modifiers and _own_line(label)}
    spans: defaultdict[tuple[str, str | None, int, int], list[Label]] = defaultdict(list)
    apexes: list[Label] = []
    for label in labels:
        if label.text.lower().startswith("apex") and label.start_s == label.end_s:
            apexes.append(label)
        else:
            event = events.get((label.tier, label.modifiers), label)
            event = event if _shared_s(event, label) > 0 else label
            own = _own_line(event)
            spans[label.tier, own and own["face"], *_span(event)].append(label)
    for same in spans.values():
        same.sort(key=lambda label: not _own_line(label))
    apex_of = _apexes_of([same[0] for same in spans.values()], apexes)
    for same in spans.values():
        first = same[0]
        own = _own_line(first)
        beside = "; ".join(label.text for label in same if not _own_line(label))
        found = own["found"] if own and not first.modifiers else ""  # in BORIS they are states, which may be taken out
        text = beside or found
        coded = coding_of(text, first.start_s, first.end_s, apex_of.get(first))
        if own:
            status = Status(own["status"] or "unreviewed")
            coded = replace(coded, status=status, text=own["note"] or "", judges_event=True)
        yield coded


def _is_coded(label: Label) -> bool:
    """Whether a state is one of the behaviours by which MEDN's own projects code a movement."""
    behaviour = label.text.split(";")[0]
    return not label.is_mark and label.start_s < label.end_s and behaviour in {"micro-expression", *EMOTIONS, *AU_NAMES}


def _own_line(label: Label) -> re.Match[str] | None:
    return _OWN_LINE.fullmatch(label.text.rstrip("; "))


def _apexes_of(spans: Sequence[Label], points: Sequence[Label]) -> dict[Label, float]:
    """The apex of each span that has one: the point within it that has its modifiers, else any.

    Where spans overlap, the one with the least choice takes its point first.
    """
    inside = {}
    for span in spans:
        within = [p for p in points if p.tier == span.tier and span.start_s <= p.start_s <= span.end_s]
        same = [p for p in within if p.modifiers == span.modifiers]
        inside[span] = sorted(p.start_s for p in same or within)
    found: dict[Label, float] = {}
    taken: set[tuple[str, float]] = set()
    for span in sorted(spans, key=lambda each: (len(inside[each]), each.start_s)):
        free_s = next((at_s for at_s in inside[span] if (span.tier, at_s) not in taken), None)
        if free_s is not None:
            found[span] = free_s
            taken.add((span.tier, free_s))
    return found


def _span(label: Label) -> tuple[int, int]:
    return round(1000 * label.start_s), round(1000 * label.end_s)
