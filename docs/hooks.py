"""Hooks of MkDocs: parts of the README become parts of pages, and links that leave docs/ lead to pages of the site.

In the repository every link works as it is written. In the site docs/ is the root, so that links are written anew; a
line that is nothing but a link to a part of the README gives way to that part, which is written only once so.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PROGRAMS = [f"examples/{path.name}" for path in sorted((ROOT / "examples").glob("*.py"))]
PAGES = ["CHANGELOG.md", "CONTRIBUTING.md"]

LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")
PART = re.compile(r"^\[[^\]]*\]\(\.\./README\.md#([\w-]+)\)$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what pages link to and what lies outside of docs/: two documents, and the examples as pages of code."""
    for name in PAGES:
        files.append(File.generated(config, name, content=(ROOT / name).read_text(encoding="utf-8")))
    for name in PROGRAMS:
        code = (ROOT / name).read_text(encoding="utf-8")
        page = f"# {posixpath.basename(name)}\n\n```python\n{code}```\n"
        files.append(File.generated(config, _in_site(name), content=page))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Put the README's parts in, and write links for the site."""
    place = page.file.src_uri
    written_in = place if place in PAGES else f"docs/{place}"
    markdown = _relinked(markdown, written_in, place, keep=PART)
    return PART.sub(lambda found: _relinked(_part_of_readme(found[1]), "README.md", place), markdown)


def _part_of_readme(anchor: str) -> str:
    """The README's part with that heading; for the title what stands above the first part. Raises KeyError."""
    above, *parts = re.split(r"^(?=## )", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = {_anchor(part.splitlines()[0].lstrip("# ")): part for part in parts}
    title, text = above.split("\n", 1)
    return text if anchor == _anchor(title.lstrip("# ")) else named[anchor]


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-"))


def _relinked(text: str, written_in: str, shown_in: str, keep: re.Pattern[str] | None = None) -> str:
    """Relative links of a file of the repository, as they are from a page of the site; lines that match `keep` stay."""

    def new(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(written_in), found[1]))
        place = posixpath.relpath(_in_site(path), posixpath.dirname(shown_in) or ".")
        return place + (found[2] or "" if path != "README.md" else "")

    lines = text.splitlines(keepends=True)
    return "".join(line if keep and keep.match(line) else LINK.sub(new, line) for line in lines)


def _in_site(path: str) -> str:
    """Where a file of the repository lies in the site."""
    if path == "README.md":
        return "index.md"
    return path.removeprefix("docs/").replace(".py", ".md") if path in PROGRAMS else path.removeprefix("docs/")
