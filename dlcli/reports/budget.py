"""The size of a page: pictures are embedded until it is used up."""

from __future__ import annotations

import io

from PIL import Image

from dlcli.files import size_text
from dlcli.pages.elements import Element, Paragraph, Picture

_TOTAL = 1_250_000  # bytes of all pictures of a page; base64 adds a third, and the page stays below 2 MB
_SMALL = 60_000  # bytes; a smaller picture stays a PNG file


class Budget:
    """The bytes that pictures may still take; each run gets an equal share."""

    def __init__(self, runs: int = 1):
        self._share = _TOTAL // runs
        self._left = self._share

    def next_run(self) -> None:
        """Start the share of the next run; what the last one left is added to it."""
        self._left += self._share

    def picture(self, content: bytes, mime: str, caption: str, command: str = "") -> Element:
        """Return a picture, or a note if it is too large.

        Args:
            content: the file.
            mime: its type.
            caption: text below it.
            command: that draws it, for the note.
        """
        if mime == "image/png" and len(content) > _SMALL:
            content, mime = _smaller(content)
        if len(content) > self._left:
            drawn = f"; {command} draws it" if command else ""
            return Paragraph(f"{caption}: left out, since its {size_text(len(content))} do not fit{drawn}", "note")
        self._left -= len(content)
        return Picture(content, mime, caption)


def _smaller(png: bytes) -> tuple[bytes, str]:
    """Return a picture as WebP where that is smaller, and its type."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").save(buffer, "WEBP", quality=88, method=4)
    found = buffer.getvalue()
    return (found, "image/webp") if len(found) < len(png) else (png, "image/png")
