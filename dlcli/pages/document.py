"""Puts sections into one HTML file with its style sheet and scripts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

from dlcli.pages.elements import Section, escape

# In the order in which they are loaded: what widgets share, the widgets, the start.
_SCRIPTS = ("shared", "axes", "curves", "confusion", "reliability", "attention", "tokens", "start")


def document(title: str, lead: str, sections: Sequence[Section]) -> str:
    """Return a page that needs no other file; its policy forbids every request and every other script.

    Args:
        title: of the page.
        lead: a line below the title.
        sections: in order; those of a long page are listed below the title.
    """
    style, script = asset("page.css"), scripts()
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    links = "".join(f'<li><a href="#s{n}">{escape(each.title)}</a></li>' for n, each in enumerate(sections))
    body = "".join(f'<section id="s{n}">{each.html()}</section>' for n, each in enumerate(sections))
    contents = f'<nav aria-label="contents"><ul>{links}</ul></nav>' if len(sections) > 2 else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{style}</style></head><body>'
        f'<header><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p>{contents}</header>'
        f"<main>{body}</main><script>{script}</script></body></html>\n"
    )


def scripts() -> str:
    """Return the scripts of all widgets as one, in a scope of its own."""
    return "(() => {\n" + "".join(asset(f"{name}.js") for name in _SCRIPTS) + "})();\n"


def asset(name: str) -> str:
    """Return a file of `assets/`."""
    return files("dlcli.pages").joinpath("assets", name).read_text("utf-8")


def _digest(text: str) -> str:
    """Return the hash by which a content security policy allows a style sheet or a script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
