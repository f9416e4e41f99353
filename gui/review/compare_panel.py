"""Two coders side by side, in place of the inspector: agreement, and differences, each of which can be settled."""

import math
from dataclasses import replace
from functools import partial

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QGridLayout,
    QHeaderView,
    QPushButton,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from gui.keys import Command
from gui.review.model import ReviewModel
from gui.widgets.basic import Choice, IconButton, button, column, label, row
from realtime.report import clock, counted
from realtime.session import Status
from realtime.session.schema import SETTLED
from realtime.study import REVIEW
from realtime.study.agreement import Agreement, Moment
from realtime.study.compare import WORDS, Comparison, Judgements, compare, holds, place_of_moment, settled, with_judged
from realtime.study.time_units import UNIT_S

ALONE = (
    "Nobody else has judged this session. Another coder judges it under their own name (Ctrl+U), or is imported: "
    "medn import --as coder."
)
YES_NO = {Status.CONFIRMED: f"✓ {WORDS[Status.CONFIRMED]}", Status.REJECTED: f"✗ {WORDS[Status.REJECTED]}"}
BEFORE = "before a judgement changed"
SETTLED_COLUMN = 3
MOST_LABELS = 6


class ComparePanel(QScrollArea):
    """Shows what others judged; `sought` emits the time of a difference that is no event."""

    sought = pyqtSignal(float)
    closed = pyqtSignal()
    name_asked = pyqtSignal()
    """Who settles a difference needs a name."""

    def __init__(self, review: ReviewModel, leave: Command) -> None:
        super().__init__()
        self._review = review
        self._judgements: Judgements | None = None
        self.comparison: Comparison | None = None
        self._listed: list[tuple[str, ...]] = []  # the texts of the differences that the table shows
        self._picked: tuple[int | None, float, float] | None = None  # the chosen one's place: its line may change
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.coders = tuple(_coder_choice(name) for name in ("First coder", "Second coder"))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._cells = {(line, place): label("") for line in range(3) for place in range(3)}
        for (line, place), cell in self._cells.items():
            cell.setAlignment(Qt.AlignmentFlag.AlignRight if place else Qt.AlignmentFlag.AlignLeft)
            cell.setProperty("quiet", not (line and place))
            self._grid.addWidget(cell, line, place)
        self._grid.setColumnStretch(0, 1)
        self.agreed, self.marked = label("", wrap=True), label("", quiet=True, wrap=True)
        self._heading = label("", role="section")
        self.differences = self._make_table()
        ways = (("✓  Yes", Status.CONFIRMED), ("✗  No", Status.REJECTED), ("Open", None))
        self.verdicts = [self._verdict(text, status) for text, status in ways]
        close = IconButton("x", leave.tip_with("Back to the inspector"), self.closed.emit, flat=True)
        inside = QWidget()
        content = column(
            row(label("COMPARE", role="section"), None, close), *self.coders, self.agreed, self._grid, self.marked, 4,
            self._heading, self.differences, row(*self.verdicts),
        )  # fmt: skip
        content.setContentsMargins(0, 0, 8, 0)
        content.setStretch(content.indexOf(self.differences), 1)
        inside.setLayout(content)
        self.setWidget(inside)
        for changed in (*(choice.currentIndexChanged for choice in self.coders), review.events_changed):
            changed.connect(lambda *_: self.refresh())
        for signal in (review.marks_changed, review.readings_changed):
            signal.connect(self.refresh)
        review.event_changed.connect(self._show_judged)
        review.settled_changed.connect(self._show_settled)

    def start(self) -> None:
        """Compare the coder with another one."""
        record = self._review.record
        if record is None:
            return
        self._picked = None
        judgements = record.judgements()
        own = record.coder or (judgements.coders or [""])[0]
        others = [name for name in judgements.coders if name != own]
        for choice, wanted in zip(self.coders, (own, others[0] if others else own), strict=True):
            choice.blockSignals(True)
            choice.clear()
            choice.addItems(judgements.coders)
            choice.setCurrentIndex(max(choice.findText(wanted), 0))
            choice.blockSignals(False)
        self._show_all(judgements)

    def refresh(self) -> None:
        """Compare anew, where the panel is shown."""
        record = self._review.record
        if self.isVisible() and record is not None:
            self._show_all(record.judgements())

    @property
    def chosen(self) -> Moment | None:
        """The chosen difference."""
        found, line = self.comparison.differences if self.comparison else [], self.differences.currentRow()
        return found[line] if 0 <= line < len(found) else None

    def settle(self, status: Status | None) -> None:
        """Settle the chosen difference under the coder's name, or open it again with None; then go on to the next."""
        record, moment = self._review.record, self.chosen
        if record is None or moment is None or self.comparison is None or self._judgements is None:
            return
        if not record.coder:
            self.name_asked.emit()
            return
        before = list(self._judgements.settled_of(record.coder))
        after = settled(self.comparison, before, moment, status)
        store, line = record.replace_settled, self.differences.currentRow()
        if self._review.save("settled difference", partial(store, after), partial(store, before)) and status:
            self.differences.selectRow(min(line + 1, self.differences.rowCount() - 1))

    def _show_settled(self) -> None:
        """Show what was settled since; nothing is read or compared anew, which takes long with thousands of events."""
        record, judgements = self._review.record, self._judgements
        if record is None or judgements is None or record.settled is None or self.comparison is None:
            return
        held = {name: found for name, found in judgements.codings.items() if name != f"{SETTLED}{record.coder}"}
        held |= {f"{SETTLED}{record.coder}": record.settled} if record.settled else {}
        self._judgements = replace(judgements, codings=held)
        self._show_differences(self._judgements, self.comparison)

    def _show_judged(self, event_id: int) -> None:
        """Show what the coder judged anew; of thousands of events, only this one is compared again."""
        record, judgements, shown = self._review.record, self._judgements, self.comparison
        if not self.isVisible() or record is None or judgements is None:
            return
        own = record.coder or REVIEW
        if self.coders[0].findText(own) < 0:
            self.refresh()
        elif shown is not None and own in (shown.agreement.coder_a, shown.agreement.coder_b):
            self.comparison = with_judged(shown, own, record.event(event_id))
            self._show_comparison(judgements, self.comparison)

    def _show_all(self, judgements: Judgements) -> None:
        self._judgements = judgements
        self._compare()

    def _compare(self) -> None:
        judgements = self._judgements
        a, b = (choice.currentText() for choice in self.coders)
        if judgements is None:
            return
        alone = len(judgements.coders) < 2
        self.comparison = None if alone or a == b else compare(judgements, a, b)
        there = self.comparison is not None
        for part in (*self._cells.values(), self.differences, self._heading, self.marked, *self.verdicts):
            part.setVisible(there)
        if self.comparison is None:
            self.agreed.setText(ALONE if alone else "Choose two coders.")
            return
        self._show_comparison(judgements, self.comparison)

    def _show_comparison(self, judgements: Judgements, comparison: Comparison) -> None:
        agreement = comparison.agreement
        a, b = agreement.coder_a, agreement.coder_b
        self.agreed.setText(_events_sentence(agreement))
        texts = (
            ("", f"{_short(b)}: yes", "no"),
            (f"{_short(a)}: yes", str(agreement.both_yes), str(agreement.only_a)),
            ("no", str(agreement.only_b), str(agreement.both_no)),
        )
        for (line, place), cell in self._cells.items():
            cell.setText(texts[line][place])
        self.marked.setText(_marks_text(comparison))
        self._show_differences(judgements, comparison)

    def _show_differences(self, judgements: Judgements, comparison: Comparison) -> None:
        names = comparison.agreement.coder_a, comparison.agreement.coder_b
        table, found = self.differences, comparison.differences
        settled_by = judgements.settled_spans()
        texts, opened = [], 0
        for moment in found:
            ways = settled_by.get(place_of_moment(moment), {})
            held = [holds(one, comparison, moment) for one in ways.values()]
            opened += not any(held)
            last = " ".join(
                f"{YES_NO[one.status]} {name}" if holding else f"({YES_NO[one.status]} {name}, {BEFORE})"
                for (name, one), holding in zip(ways.items(), held, strict=True)
            )
            said = (YES_NO[status] for status in moment.says)
            texts.append((clock(moment.onset_s), *said, last, _notes(moment, names)))
        heading = f"{counted(len(found), 'difference')}, {opened} open" if found else "no differences"
        self._heading.setText(heading.upper())
        places = [place_of_moment(moment) for moment in found]
        table.blockSignals(True)
        table.setHorizontalHeaderLabels(["Time", *map(_short, names), "Settled"])
        self._list(texts)
        if self._picked in places:
            table.selectRow(places.index(self._picked))
        else:
            self._picked = None
            table.clearSelection()
            table.setCurrentCell(-1, -1)
        table.blockSignals(False)

    def _list(self, texts: list[tuple[str, ...]]) -> None:
        """Write the rows that changed: all between those that are the same at the beginning and at the end."""
        before, self._listed, table = self._listed, texts, self.differences
        fewer = min(len(before), len(texts))
        same = next((place for place in range(fewer) if before[place] != texts[place]), fewer)
        left = fewer - same
        after = next((place for place in range(left) if before[-1 - place] != texts[-1 - place]), left)
        for _ in range(len(before) - len(texts)):
            table.removeRow(same)
        for _ in range(len(texts) - len(before)):
            table.insertRow(same)
        for place in range(same, len(texts) - after):
            *shown, tip = texts[place]
            for column_, text in enumerate(shown):
                item = QTableWidgetItem(text)
                item.setToolTip(text if column_ == SETTLED_COLUMN else tip)
                table.setItem(place, column_, item)

    def _jump(self) -> None:
        """Go to the chosen difference."""
        moment, record = self.chosen, self._review.record
        if moment is None or record is None:
            return
        self._picked = place_of_moment(moment)
        known = moment.event is not None and any(stored.id == moment.event.id for stored in record.events)
        if known and moment.event is not None:
            self._review.choose(moment.event.id)
        else:
            self.sought.emit(moment.onset_s)

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(0, 4)
        table.setAccessibleName("Differences")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)  # Tab leaves the table
        table.setMinimumHeight(140)
        rows, head = table.verticalHeader(), table.horizontalHeader()
        assert rows is not None
        assert head is not None
        rows.hide()
        head.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        table.itemSelectionChanged.connect(self._jump)
        return table

    def _verdict(self, text: str, status: Status | None) -> QPushButton:
        tip = "Settle the chosen difference, under your name" if status else "Not settled after all"
        return button(text, partial(self.settle, status), tip=tip)


def _coder_choice(name: str) -> Choice:
    result = Choice()
    result.setAccessibleName(name)
    result.setMinimumContentsLength(6)
    result.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return result


def _events_sentence(one: Agreement) -> str:
    """Agreement by event in one sentence."""
    if not one.moments:
        return "No event was judged by both."
    kappa = "κ is not defined: both say the same of all" if math.isnan(one.kappa) else f"Cohen's κ {_kappa(one)}"
    return (
        f"{kappa}, over {one.moments} moment{'s' * (one.moments != 1)} that both judged. They agree on "
        f"{100 * one.agreement:.0f} %; {100 * one.expected:.0f} % would agree by chance."
    )


def _marks_text(comparison: Comparison) -> str:
    if not comparison.marks:
        return "Marks: not compared, because not both have marked under a name."
    lines = [f"Marks, by units of {UNIT_S:g} s:"]
    for each in comparison.marks[: MOST_LABELS + 1]:
        kappa = "not defined" if math.isnan(each.units.kappa) else _kappa(each.units)
        lines.append(f"{each.label}: κ {kappa}, {100 * each.units.agreement:.0f} % agree")
    left = len(comparison.marks) - MOST_LABELS - 1
    return "\n".join([*lines, *([f"and {left} further labels"] if left > 0 else [])])


def _kappa(one: Agreement) -> str:
    return f"{round(one.kappa, 2) + 0.0:.2f}".replace("-", "−")


def _notes(moment: Moment, names: tuple[str, str]) -> str:
    """What both wrote."""
    said = zip(names, (moment.first, moment.second), strict=True)
    return "\n".join(f"{name}: {one.text}" for name, one in said if one is not None and one.text)


def _short(name: str) -> str:
    return name if len(name) <= 10 else f"{name[:9]}…"
