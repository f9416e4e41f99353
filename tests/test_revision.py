"""What a report and a card say of the source that they were made with."""

import subprocess

import pytest

from medn import __version__
from medn.revision import git_revision


@pytest.fixture
def repository(tmp_path):
    for name in ("medn/code.py", "docs/figures.md", "docs/picture.png", "README.md"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("once\n")
    git = ("git", "-c", "user.name=A", "-c", "user.email=a@b.c")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "once")):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    return tmp_path


def test_documents_that_changed_do_not_make_the_code_another(repository):
    before = git_revision(repository / "medn")
    for name in ("docs/figures.md", "docs/picture.png", "README.md"):
        (repository / name).write_text("twice\n")
    assert git_revision(repository / "medn") == before
    assert len(before) == 10


def test_changed_code_is_marked_by_a_plus(repository):
    before = git_revision(repository / "medn")
    (repository / "medn/code.py").write_text("twice\n")
    assert git_revision(repository / "medn") == before + "+"


def test_a_package_installed_inside_another_repository_does_not_take_its_revision(repository):
    installed = repository / ".venv" / "medn"
    installed.mkdir(parents=True)
    (installed / "code.py").write_text("once\n")
    assert git_revision(installed) == f"v{__version__}"


def test_without_a_repository_the_version_stands_for_it(tmp_path):
    assert git_revision(tmp_path) == f"v{__version__}"
