import base64
import hashlib
import re

import pytest

from dlcli.pages.document import document
from dlcli.pages.elements import Paragraph, Section

PAGE = document("a & b", "lead", [Section(name, [Paragraph(name)]) for name in ("one", "two", "three")])


@pytest.mark.parametrize(("kind", "tag"), [("style-src", "style"), ("script-src", "script")])
def test_the_policy_allows_only_the_style_and_the_script_of_the_page(kind, tag):
    [content] = re.findall(f"<{tag}>(.*?)</{tag}>", PAGE, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', PAGE).group(1)
    assert f"{kind} 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_the_page_names_no_other_file():
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', PAGE)
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", PAGE)


def test_the_contents_link_to_the_sections():
    for number, name in enumerate(("one", "two", "three")):
        assert f'<a href="#s{number}">{name}</a>' in PAGE
        assert f'<section id="s{number}"><h2>{name}</h2>' in PAGE


def test_the_title_is_escaped():
    assert "<title>a &amp; b</title>" in PAGE
