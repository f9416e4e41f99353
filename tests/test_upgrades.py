"""Upgrades: sessions of every format so far open and can be worked on, a newer one is refused, settings are kept."""

import json
import sqlite3
from dataclasses import asdict
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gui import settings as app_settings
from gui.cli import app
from realtime.session import SessionError, Status, open_session
from realtime.session.check import ADDED_TABLES
from realtime.session.schema import VERSION

FOLDER = Path(__file__).parent / "sessions"
DUMPS = sorted(path.stem for path in FOLDER.glob("*.sql"))


def made(path: Path, dump: str, *changes: str) -> Path:
    with sqlite3.connect(path) as database:
        database.executescript((FOLDER / f"{dump}.sql").read_text(encoding="utf-8"))
        for change in changes:
            database.execute(change)
    database.close()
    return path


@pytest.fixture(params=[*DUMPS, "format-2 before its additions"])
def session(request, tmp_path):
    """One of each format; and of this one as it was before tables were added to it."""
    if request.param in DUMPS:
        return made(tmp_path / "old.medn", request.param)
    return made(tmp_path / "old.medn", "format-2", *(f"DROP TABLE {name}" for name in sorted(ADDED_TABLES)))


def test_there_is_a_session_of_each_format_so_far():
    formats = {sqlite3.connect(":memory:").executescript(text).execute("PRAGMA user_version").fetchone()[0]
               for text in ((FOLDER / f"{dump}.sql").read_text(encoding="utf-8") for dump in DUMPS)}  # fmt: skip
    assert formats == set(range(1, VERSION + 1))


def test_an_old_session_is_read_completely_and_reviewed(session):
    with open_session(session) as opened:
        info, [*events] = opened.info, opened.events()
        assert info.versions["medn"] == "0.1.0"
        assert info.source
        assert len(events) in (1, 2)
        assert all(event.event.aus and 0 < event.event.onset_s < event.event.apex_s for event in events)
        assert len(list(opened.frames())) >= 36
        assert isinstance(opened.candidates(), list)
        assert opened.transcript() == []
        assert opened.damage == ""
        opened.review(events[0].id, status=Status.CONFIRMED, note="seen again")
        opened.annotate(1.0, "a mark")
    with open_session(session) as again:
        assert (again.events()[0].status, again.events()[0].note) == (Status.CONFIRMED, "seen again")
        assert again.annotations()[-1].text == "a mark"


def test_an_old_session_is_exported_imported_into_explained_and_counted(session, tmp_path):
    (tmp_path / "words.vtt").write_text("WEBVTT\n\n00:00.500 --> 00:02.000\nWell.\n")
    (tmp_path / "coder.csv").write_text("start,end,text\n0.5,0.7,AU4\n")
    for words in (
        ["import", session, tmp_path / "words.vtt"],
        ["import", session, tmp_path / "coder.csv", "--as", "coder", "--coder", "Bo"],
        ["export", session, "--to", "csv,long,parquet,elan,boris,textgrid,webvtt,openface,bids,html"],
        ["explain", session, "--at", "1"],
        ["study", tmp_path],
    ):
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exit_code == 0, (words, done.output)
    assert "Bo" in (tmp_path / "study" / "sessions.csv").read_text()
    assert len(list(tmp_path.glob("old*"))) > 12


@pytest.mark.parametrize(
    ("versions", "named"),
    [
        ('{"medn": "0.9.0"}', "newer MEDN, 0.9.0, (format"),
        ('{"medn"', "newer MEDN (format"),
        ("[]", "newer MEDN (format"),
    ],
)
def test_a_newer_session_is_refused_with_the_version_that_wrote_it(tmp_path, versions, named):
    path = made(
        tmp_path / "new.medn",
        "format-2",
        f"PRAGMA user_version = {VERSION + 1}",
        f"UPDATE session SET versions = '{versions}'",
    )
    with pytest.raises(SessionError, match="update MEDN") as refused:
        open_session(path)
    assert named in str(refused.value)


def test_the_command_line_refuses_a_newer_session_in_one_sentence(tmp_path):
    path = made(tmp_path / "new.medn", "format-2", f"PRAGMA user_version = {VERSION + 1}")
    done = CliRunner().invoke(app, ["explain", str(path), "--at", "1"])
    assert done.exit_code == 2
    [sentence] = [line for line in done.stderr.splitlines() if line]
    assert "newer MEDN, 0.1.0," in sentence


def test_settings_of_an_earlier_version_are_kept(home):
    file = app_settings.settings_file()
    file.parent.mkdir(parents=True)
    saved = (FOLDER / "settings-0.1.json").read_text(encoding="utf-8")
    file.write_text(saved)
    loaded = asdict(app_settings.load())
    kept = json.loads(saved)
    assert {name: loaded.get(name) for name in kept} == kept
    assert loaded != asdict(app_settings.Settings())


def test_settings_of_a_later_version_are_opened_without_what_is_unknown(home):
    file = app_settings.settings_file()
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"light": True, "volume_pct": {"left": 1}, "new": [1], "muted": 3, "workers": 1}))
    loaded = app_settings.load()
    assert (loaded.light, loaded.volume_pct, loaded.muted, loaded.workers) == (True, 80, False, 1)
    app_settings.save(loaded)
    assert app_settings.load() == loaded
