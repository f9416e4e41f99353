"""Building blocks of a page: elements of HTML and SVG as a tree, so that every text and attribute is escaped."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, tostring

from realtime.export.context import one_line


def tag(kind: str, /, *children: "Element | str | None", **attributes: object) -> Element:
    """An element with its children in order; None is left out.

    An underscore in an attribute's name stands for a hyphen, and one at its end is dropped: `class_`, `stroke_width`.
    Texts are put on one line, without characters that XML cannot hold.
    """
    named = {key.rstrip("_").replace("_", "-"): one_line(str(value)) for key, value in attributes.items()}
    element = Element(kind, named)
    last: Element | None = None
    for child in children:
        if child is None:
            continue
        if isinstance(child, Element):
            element.append(child)
            last = child
        elif last is None:
            element.text = (element.text or "") + _shown(child)
        else:
            last.tail = (last.tail or "") + _shown(child)
    return element


def table(headings: Iterable[str], rows: Iterable[Iterable["Element | str"]], **attributes: object) -> Element:
    """A table with a head that is repeated on every printed page."""
    head = tag("thead", tag("tr", *(tag("th", heading, scope="col") for heading in headings)))
    body = tag("tbody", *(tag("tr", *(tag("td", cell) for cell in row)) for row in rows))
    return tag("table", head, body, **attributes)


def page(title: str, style: str, *sections: Element) -> str:
    """A whole document in UTF-8 that may load nothing and run nothing: its style is inside, pictures are data."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
    )
    head.insert(1, Element("meta", {"http-equiv": "Content-Security-Policy", "content": policy}))
    sheet = Element("style")
    sheet.text = style
    head.append(sheet)
    document = tag("html", head, tag("body", tag("main", *sections)), lang="en")
    return "<!DOCTYPE html>\n" + tostring(document, encoding="unicode", method="html") + "\n"


def _shown(text: str) -> str:
    """A text as it is shown: its blanks at both ends count, because it may stand beside an element."""
    body = one_line(text)
    return f"{' ' * text.startswith(' ')}{body}{' ' * (text.endswith(' ') and bool(body))}"
