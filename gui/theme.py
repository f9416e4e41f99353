"""The theme: colours, fonts and spacing as tokens, and the style sheet made from them. Dark by default."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PyQt6.QtGui import QColor, QFont, QPalette
from PyQt6.QtWidgets import QApplication

FAMILIES = ["Inter", "Segoe UI Variable Text", "Segoe UI", "SF Pro Text", "Noto Sans", "Cantarell", "DejaVu Sans"]
TEXT_PX = 13
GRID_PX = 8
CORNER_PX = 6
TICK = Path(__file__).with_name("tick.svg").as_posix()
"""Drawn in a ticked box: colour is never the only sign."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours by meaning."""

    ground: str
    surface: str
    raised: str
    line: str
    text: str
    quiet: str
    accent: str
    on_accent: str
    negative: str
    positive: str
    surprise: str
    warning: str
    recording: str


DARK = Tokens(
    ground="#101214", surface="#181b1f", raised="#20242a", line="#262b31", text="#e6e8eb", quiet="#9aa3ad",
    accent="#2dd4bf", on_accent="#06231f", negative="#f97066", positive="#4ade80", surprise="#fbbf24",
    warning="#f59e0b", recording="#ef4444",
)  # fmt: skip
LIGHT = Tokens(
    ground="#f6f7f8", surface="#ffffff", raised="#eef0f2", line="#dfe3e7", text="#15181b", quiet="#5b646d",
    accent="#0d9488", on_accent="#05120f", negative="#d92d20", positive="#15803d", surprise="#b45309",
    warning="#b45309", recording="#dc2626",
)  # fmt: skip

_tokens = DARK


def tokens() -> Tokens:
    """Return the colours now in use; read when painting, so that a change of theme shows at once."""
    return _tokens


def colour(name: str, alpha: int = 255) -> QColor:
    """Return a token as a colour, `alpha` from 0 to 255."""
    result = QColor(getattr(_tokens, name))
    result.setAlpha(alpha)
    return result


def apply(app: QApplication, *, light: bool) -> None:
    """Apply the theme to the whole app; every widget receives a palette change."""
    global _tokens
    _tokens = LIGHT if light else DARK
    with _garbage_kept():
        app.setStyle("Fusion")
        app.setFont(text_font())
        app.setPalette(_palette())
        app.setStyleSheet(_style(_tokens))


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """Suspend Python's garbage collection: Qt notifies a list of all widgets, which runs Python code, and would crash
    at a widget that was collected meanwhile (a dialog without a parent)."""
    gc.collect()
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def text_font(size_px: int = TEXT_PX, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Return the app's font; all digits have the same width, so that changing numbers do not move."""
    font = QFont()
    font.setFamilies(FAMILIES)
    font.setPixelSize(size_px)
    font.setWeight(weight)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def _palette() -> QPalette:
    palette, role = QPalette(), QPalette.ColorRole
    for place, name in {
        role.Window: "ground", role.Base: "surface", role.AlternateBase: "raised", role.Button: "surface",
        role.ToolTipBase: "raised", role.WindowText: "text", role.Text: "text", role.ButtonText: "text",
        role.ToolTipText: "text", role.PlaceholderText: "quiet", role.Highlight: "accent",
        role.HighlightedText: "on_accent", role.Link: "accent", role.Mid: "line", role.Dark: "line",
    }.items():  # fmt: skip
        palette.setColor(place, colour(name))
    disabled = QPalette.ColorGroup.Disabled
    for place in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(disabled, place, colour("quiet", 110))
    return palette


def _style(t: Tokens) -> str:
    return f"""
QWidget {{ color: {t.text}; }}
QMainWindow, QDialog {{ background: {t.ground}; }}
QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.line}; padding: 5px 8px; }}
QLabel[quiet="true"] {{ color: {t.quiet}; }}
QLabel[role="title"] {{ font-size: 18px; font-weight: 600; }}
QLabel[role="heading"] {{ font-weight: 600; }}
QLabel[role="section"] {{ color: {t.quiet}; font-size: 11px; font-weight: 600; letter-spacing: 0.6px; }}
QLabel[role="recording"] {{ color: {t.recording}; font-weight: 600; }}
QFrame[role="panel"] {{ background: {t.surface}; border: 1px solid {t.line}; border-radius: {CORNER_PX}px; }}
QFrame[role="card"] {{ background: {t.surface}; border: 1px solid {t.line}; border-radius: {CORNER_PX}px; }}
QFrame[role="card"]:hover {{ border-color: {t.quiet}; }}
QFrame[role="card"][chosen="true"] {{ border-color: {t.accent}; background: {t.raised}; }}
QFrame[role="card"]:focus {{ border: 1px solid {t.accent}; }}
QFrame[role="bar"] {{ background: {t.surface}; border: none; border-bottom: 1px solid {t.line}; }}
QFrame[role="banner"] {{ background: {t.raised}; border: 1px solid {t.quiet}; border-radius: {CORNER_PX}px; }}
QFrame[role="strip"] {{ background: {t.surface}; border: none; border-top: 1px solid {t.line}; }}

QPushButton, QToolButton, QComboBox {{
    background: {t.raised}; border: 1px solid {t.line}; border-radius: {CORNER_PX}px; padding: 0 12px;
    min-height: 30px; }}
QToolButton {{ padding: 0; min-width: 30px; }}
QToolButton[wide="true"] {{ padding: 0 10px; }}
QPushButton:hover, QToolButton:hover, QComboBox:hover {{ border-color: {t.quiet}; }}
QPushButton:pressed, QToolButton:pressed {{ background: {t.line}; }}
QPushButton:focus, QToolButton:focus, QComboBox:focus, QLineEdit:focus, QPlainTextEdit:focus, QTableView:focus,
QListView:focus {{ border: 1px solid {t.accent}; }}
QPushButton:disabled, QToolButton:disabled, QComboBox:disabled {{ color: {t.quiet}; background: {t.surface}; }}
QPushButton[role="primary"] {{ background: {t.accent}; color: {t.on_accent}; border-color: {t.accent};
    font-weight: 600; }}
QPushButton[role="primary"]:focus {{ border: 2px solid {t.text}; }}
QPushButton[role="primary"]:disabled {{ background: {t.raised}; color: {t.quiet}; border-color: {t.line}; }}
QPushButton[role="danger"] {{ color: {t.recording}; }}
QToolButton[flat="true"], QPushButton[flat="true"] {{ background: transparent; border-color: transparent; }}
QToolButton[flat="true"]:hover, QPushButton[flat="true"]:hover {{ background: {t.raised}; }}
QToolButton[flat="true"]:focus, QPushButton[flat="true"]:focus {{ border-color: {t.accent}; }}
QToolButton[switch="true"] {{ background: transparent; color: {t.quiet}; }}
QToolButton:checked, QToolButton[switch="true"]:checked {{ background: {t.line}; border-color: {t.line};
    color: {t.text}; }}
QToolButton[switch="true"]:checked:focus {{ border-color: {t.accent}; }}
QPushButton[tab="true"] {{ background: transparent; border-color: transparent; color: {t.quiet}; font-weight: 500; }}
QPushButton[tab="true"]:hover {{ color: {t.text}; }}
QPushButton[tab="true"]:checked {{ background: {t.raised}; color: {t.text}; }}
QPushButton[tab="true"]:focus {{ border-color: {t.accent}; }}
QToolButton::menu-indicator {{ image: none; }}

QComboBox {{ padding-right: 4px; }}
QComboBox::drop-down {{ border: none; width: 26px; }}
QComboBox QAbstractItemView {{ background: {t.raised}; border: 1px solid {t.line}; padding: 4px; outline: 0;
    selection-background-color: {t.line}; selection-color: {t.text}; }}
QMenu {{ background: {t.raised}; border: 1px solid {t.line}; padding: 4px; }}
QMenu::item {{ padding: 6px 24px 6px 12px; border-radius: 4px; }}
QMenu::item:selected {{ background: {t.line}; }}
QLineEdit, QPlainTextEdit, QSpinBox, QDoubleSpinBox {{ background: {t.ground}; border: 1px solid {t.line};
    border-radius: {CORNER_PX}px; padding: 5px 8px; selection-background-color: {t.accent};
    selection-color: {t.on_accent}; placeholder-text-color: {t.quiet}; }}
QPushButton[role="verdict"]:checked {{ background: {t.line}; border-color: {t.text}; }}
QCheckBox {{ spacing: 8px; }}
QCheckBox:disabled {{ color: {t.quiet}; }}
QCheckBox::indicator, QRadioButton::indicator {{ width: 16px; height: 16px; border: 1px solid {t.quiet};
    border-radius: 4px; background: {t.ground}; }}
QRadioButton::indicator {{ border-radius: 8px; }}
QCheckBox::indicator:checked, QRadioButton::indicator:checked {{ background: {t.accent}; border-color: {t.accent}; }}
QCheckBox::indicator:checked {{ image: url("{TICK}"); }}
QCheckBox::indicator:disabled {{ border-color: {t.line}; }}
QCheckBox::indicator:focus, QRadioButton::indicator:focus {{ border-color: {t.accent}; }}
QCheckBox::indicator:checked:focus, QRadioButton::indicator:checked:focus {{ border: 2px solid {t.text};
    width: 14px; height: 14px; }}

QSlider::groove:horizontal {{ height: 4px; background: {t.line}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {t.quiet}; border-radius: 2px; }}
QSlider::handle:horizontal {{ width: 14px; height: 14px; margin: -5px 0; border-radius: 7px; background: {t.text}; }}
QSlider::handle:horizontal:focus {{ background: {t.accent}; }}
QProgressBar {{ background: {t.line}; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }}
QProgressBar::chunk {{ background: {t.accent}; border-radius: 2px; }}

QTableView, QListView {{ background: {t.surface}; border: 1px solid {t.line}; border-radius: {CORNER_PX}px;
    gridline-color: {t.line}; outline: 0; selection-background-color: {t.line}; selection-color: {t.text}; }}
QTableView::item {{ padding: 0 8px; border: none; }}
QListView::item {{ border-radius: 4px; }}
QTableView::item:selected, QListView::item:selected {{ background: {t.line}; color: {t.text}; }}
QHeaderView {{ background: {t.surface}; border: none; }}
QHeaderView::section {{ background: {t.surface}; color: {t.quiet}; border: none; border-bottom: 1px solid {t.line};
    padding: 6px 8px; font-weight: 500; }}
QTableCornerButton::section {{ background: {t.surface}; border: none; }}
QScrollArea {{ background: transparent; border: 1px solid transparent; border-radius: {CORNER_PX}px; }}
QScrollArea:focus {{ border-color: {t.accent}; }}
QScrollArea > QWidget > QWidget {{ background: transparent; }}
QScrollBar:vertical {{ width: 10px; background: transparent; margin: 0; }}
QScrollBar:horizontal {{ height: 10px; background: transparent; margin: 0; }}
QScrollBar::handle {{ background: {t.line}; border-radius: 4px; margin: 1px; }}
QScrollBar::handle:vertical {{ min-height: 32px; }}
QScrollBar::handle:hover {{ background: {t.quiet}; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
    background: transparent; border: none; width: 0; height: 0; }}
QSplitter::handle {{ background: transparent; }}
QSplitter::handle:horizontal {{ width: 8px; }}
QSplitter::handle:vertical {{ height: 8px; }}
QSplitter::handle:hover {{ background: {t.line}; }}
"""
