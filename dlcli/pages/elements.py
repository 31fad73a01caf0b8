"""The parts of a page; each renders itself as HTML, with every text escaped."""

from __future__ import annotations

import base64
import dataclasses
import html
import json
from collections.abc import Collection, Sequence
from typing import Any, Protocol

from dlcli import formats
from dlcli.artifacts import Table
from dlcli.files import as_json

# Characters of JSON that could end a script element or a JavaScript string.
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class Element(Protocol):
    """A part of a page."""

    def html(self) -> str:
        """Return it as HTML."""


@dataclasses.dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str

    def html(self) -> str:
        return f"<h3>{escape(self.text)}</h3>"


@dataclasses.dataclass(frozen=True)
class Paragraph:
    """A paragraph of text.

    Attributes:
        text: plain text.
        kind: CSS class, such as "note".
    """

    text: str
    kind: str = ""

    def html(self) -> str:
        return f"<p{_class(self.kind)}>{escape(self.text)}</p>"


@dataclasses.dataclass(frozen=True)
class Code:
    """Text in a fixed-width font with its line breaks, such as a command line or a sample of text."""

    text: str

    def html(self) -> str:
        return f"<pre>{escape(self.text)}</pre>"


@dataclasses.dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        title: heading above it; may be empty.
        columns: header of each column; (): no header row.
        rows: the cells as text; the first column is the header of the row.
        marked: numbers of rows that are highlighted.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    marked: Collection[int] = ()

    @classmethod
    def of(cls, table: Table) -> Grid:
        """Return the table of an artifact, without the tables below it."""
        columns = [formats.cells([row[place] for row in table.rows]) for place in range(len(table.columns))]
        return cls(table.title, table.columns, list(zip(*columns, strict=True)))

    def html(self) -> str:
        numeric = [self._is_numeric(place) for place in range(max(map(len, self.rows), default=0))]
        titles = zip(self.columns, numeric, strict=False)
        head = "".join(f"<th{_class('number' * right)}>{escape(title)}</th>" for title, right in titles)
        caption = f'<p class="caption">{escape(self.title)}</p>' if self.title else ""
        body = "".join(self._row(number, row, numeric) for number, row in enumerate(self.rows))
        header = f"<thead><tr>{head}</tr></thead>" if self.columns else ""
        return f'{caption}<div class="scroll"><table>{header}<tbody>{body}</tbody></table></div>'

    def _row(self, number: int, row: Sequence[str], numeric: Sequence[bool]) -> str:
        first, *others = row
        cells = "".join(
            f"<td{_class('number' * is_number)}>{escape(cell)}</td>"
            for cell, is_number in zip(others, numeric[1:], strict=False)
        )
        option = _class("option" * first.startswith("--"))
        return (
            f'<tr{_class("marked" * (number in self.marked))}><th scope="row"{option}>{escape(first)}</th>{cells}</tr>'
        )

    def _is_numeric(self, place: int) -> bool:
        return formats.all_numbers([row[place] for row in self.rows if place < len(row)])


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture, embedded in the page.

    Attributes:
        content: the file.
        mime: its type, such as "image/png".
        caption: text below it, which also describes it to a screen reader.
        pixelated: whether an enlarged picture keeps its pixels.
    """

    content: bytes
    mime: str
    caption: str
    pixelated: bool = False

    def html(self) -> str:
        image = f'<img alt="{escape(self.caption)}" src="{data_uri(self.content, self.mime)}">'
        kind = "picture pixelated" if self.pixelated else "picture"
        return f'<figure class="{kind}">{image}<figcaption>{escape(self.caption)}</figcaption></figure>'


@dataclasses.dataclass(frozen=True)
class Widget:
    """An interactive drawing, made by the function of its name in `assets/`.

    Attributes:
        kind: name of the function, such as "curves".
        label: its title.
        data: argument of the function, as JSON values.
    """

    kind: str
    label: str
    data: Any

    def html(self) -> str:
        content = f'<script type="application/json">{embedded_json(self.data)}</script>'
        title = f"<h3>{escape(self.label)}</h3>" if self.label else ""
        return f'{title}<div class="widget" data-widget="{escape(self.kind)}">{content}</div>'


@dataclasses.dataclass(frozen=True)
class Details:
    """Parts that are shown after a click on the summary."""

    summary: str
    parts: Sequence[Element]

    def html(self) -> str:
        return f"<details><summary>{escape(self.summary)}</summary>{render(self.parts)}</details>"


@dataclasses.dataclass(frozen=True)
class Section:
    """A section with a heading, which the table of contents lists."""

    title: str
    parts: Sequence[Element]

    def html(self) -> str:
        return f"<h2>{escape(self.title)}</h2>{render(self.parts)}"


def render(parts: Sequence[Element]) -> str:
    """Return the HTML of several parts."""
    return "".join(part.html() for part in parts)


def escape(text: object) -> str:
    """Return a text as HTML; characters that cannot be printed become visible escapes."""
    shown = (each if each.isprintable() or each in "\n\t" else ascii(each)[1:-1] for each in str(text))
    return html.escape("".join(shown))


def embedded_json(value: Any) -> str:
    """Return JSON that can stand in a script element: no text in it can end the element."""
    text = json.dumps(json.loads(as_json(value)), ensure_ascii=True, separators=(",", ":"))
    return "".join(_UNSAFE.get(each, each) for each in text)


def data_uri(content: bytes, mime: str) -> str:
    """Return a file as a URI that contains it."""
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""
