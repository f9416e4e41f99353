"""The documents: every relative link in a Markdown file leads to a file, and the README's commands exist."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def markdown_files() -> list[Path]:
    """The Markdown files of the repository, without installed packages."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:  # an unpacked archive
        return [path for path in ROOT.rglob("*.md") if not any(part.startswith(".") for part in path.parts)]
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file()]


def broken_links(file: Path) -> list[str]:
    """Relative links of a Markdown file whose target does not exist."""
    targets = (link.partition("#")[0] for link in LINK.findall(file.read_text(encoding="utf-8")))
    return [
        target
        for target in targets
        if target and not re.match(r"[a-z]+:", target) and not (file.parent / target).exists()
    ]


def test_every_relative_link_leads_to_a_file():
    files = markdown_files()
    assert len(files) > 5
    assert {str(file.relative_to(ROOT)): broken for file in files if (broken := broken_links(file))} == {}


def test_a_broken_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("[a](page.md#part) [b](https://example.org/x) ![c](missing.png) [d](#here) [e](no/such.md)")
    assert broken_links(page) == ["missing.png", "no/such.md"]


@pytest.mark.parametrize("path", re.findall(r"`((?:medn|realtime|gui|benchmarks|docs)/[\w./]+)`", "".join(
    file.read_text(encoding="utf-8")
    for file in markdown_files()
    if file.parent.name != "benchmarks" and file.name != "CHANGELOG.md"
)))  # fmt: skip
def test_every_file_that_a_document_names_exists(path):
    assert (ROOT / path).exists()


def test_contributing_names_every_room():
    named = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = [
        str(init.parent.relative_to(ROOT)) + "/"
        for layer in ("medn", "realtime", "gui", "benchmarks")
        for init in (ROOT / layer).rglob("__init__.py")
    ]
    assert [room for room in rooms if f"`{room}`" not in named] == []
