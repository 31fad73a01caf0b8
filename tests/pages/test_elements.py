import base64
import json
from html.parser import HTMLParser

from dlcli.pages import elements
from dlcli.pages.elements import Code, Details, Grid, Heading, Paragraph, Picture, Section, Widget

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)> & \"'"


class Tags(HTMLParser):
    """The names of all start tags, and the text outside of scripts."""

    def __init__(self, html):
        super().__init__()
        self.names, self.texts, self.attributes = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data):
        self.texts.append(data)


def test_no_text_becomes_a_tag_or_an_attribute():
    parts = [
        Heading(HOSTILE),
        Paragraph(HOSTILE),
        Code(HOSTILE),
        Grid(HOSTILE, (HOSTILE, "b"), [(HOSTILE, HOSTILE)]),
        Picture(b"png", "image/png", HOSTILE),
        Details(HOSTILE, [Paragraph(HOSTILE)]),
        Widget("curves", HOSTILE, {"name": HOSTILE}),
        Section(HOSTILE, []),
    ]
    found = Tags(elements.render(parts))
    assert found.names.count("script") == 1  # of the widget
    assert found.names.count("img") == 1  # of the picture
    assert "onerror" not in found.attributes
    assert found.texts.count(HOSTILE) >= 8


def test_embedded_json_has_the_value_and_no_character_that_ends_a_script():
    value = {"name": HOSTILE + "\u2028", "numbers": [1, 0.5, None], "nan": float("nan")}
    text = elements.embedded_json(value)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {**value, "nan": None}


def test_a_column_of_numbers_is_aligned_to_the_right():
    html = Grid("", ("name", "value"), [("loss", "0.25"), ("accuracy", "97.2 %")]).html()
    assert html.count('<td class="number">') == 2
    assert html.count('<th class="number">value</th>') == 1


def test_a_marked_row_has_its_class():
    html = Grid("", (), [("a", "1"), ("b", "2")], marked={1}).html()
    assert html.index('<tr class="marked">') > html.index("<tr>")


def test_a_picture_is_embedded():
    assert base64.b64encode(b"\x89PNG").decode() in Picture(b"\x89PNG", "image/png", "a picture").html()


def test_control_characters_are_visible():
    assert elements.escape("a\x1b[31mb\u202ec") == "a\\x1b[31mb\\u202ec"
