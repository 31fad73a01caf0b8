"""Puts the pictures of `lecture.sh` on one page: usage `python lecture.py SCRIPT FOLDER`.

The script is the source: a line `## …` starts a section, comment lines are the sentences below it, and each command
stands with the picture that it has drawn. A picture that is missing is an error, and the page is not written.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from dlcli.pages.document import document
from dlcli.pages.elements import Code, Element, Paragraph, Picture, Section

_MIME = {".png": "image/png", ".gif": "image/gif"}


def sections(script: str, folder: Path) -> list[Section]:
    """Return the sections of a script, with the pictures in a folder."""
    found = []
    for part in re.split(r"^## ", script.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        found.append(Section(title, list(_parts(body, folder))))
    return found


def _parts(body: str, folder: Path) -> Iterator[Element]:
    sentence: list[str] = []
    commands: list[str] = []
    for line in map(str.strip, body.splitlines()):
        if line.startswith("# "):
            sentence.append(line[2:])
        elif line.startswith("dlcli "):
            commands.append(line.replace(' --no-show --out "$out/', ' --out "').replace(" --no-show", ""))
            if files := _files(line, folder):
                yield Paragraph(" ".join(sentence))
                for file in files:
                    yield _shown(file)
                yield Code("\n".join(_plain(command) for command in commands))
                sentence, commands = [], []


def _files(line: str, folder: Path) -> list[Path]:
    """Return the files that a command has written into the folder; [] if it writes none there."""
    words = shlex.split(line)
    if words[1] == "check":
        return [folder / "checks.txt"]
    if "--out" not in words or words[1] == "train":
        return []
    path = folder / words[words.index("--out") + 1].removeprefix("$out/")
    return sorted(path.glob("*.png")) if words[1] == "study" else [path]


def _shown(file: Path) -> Element:
    if file.suffix not in _MIME:
        return Code(file.read_text("utf-8"))
    return Picture(file.read_bytes(), _MIME[file.suffix], file.stem.replace("-", " "))


def _plain(command: str) -> str:
    """Return a command without the options that only the script needs."""
    return re.sub(r' --out "[^"]*"| --resume-if-exists', "", command)


if __name__ == "__main__":
    script, folder = Path(sys.argv[1]), Path(sys.argv[2])
    page = document("A course in deep learning", "dlcli", sections(script.read_text("utf-8"), folder))
    (folder / "lecture.html").write_text(page, "utf-8")
    sys.stdout.write(f"{folder / 'lecture.html'}\n")
