"""Writes corrupt data files: odd characters, wrong formats, truncated files, decompression bombs, special files."""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import os
import struct
import zipfile
import zlib
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

# Characters that do not end a line, although some programs split there, and terminal control sequences.
ODD_CHARACTERS = (
    "\x0b",
    "\x0c",
    "\x1c",
    "\x1d",
    "\x1e",
    "\x85",
    "\u2028",
    "\u2029",
    "\u200b",
    "\u202e",
    "\xa0",
    "\ufeff",
    "\x1b[31m",
)
_WORDS = (
    "blade",
    "tove",
    "wabe",
    "é",
    "e\u0301",
    "火",
    "🏳️‍🌈",
    "ß",
    '"',
    "'",
    ",",
    ";",
    "<unk>",
    "[PAD]",
    "0",
    "-",
    "\\n",
    "#",
)
_LABELS = ("a", "b", "c", "train", "test", "0", "1.0", "[b]", "A", "a b", "é", "nan", "None", "true")
TABLES = (".tsv", ".csv", ".jsonl")
_BAD_BYTES = (
    b"\xff",
    b"\xc3",
    b"\x00",
    b"\r",
    b"\x80abc",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xff\xfea\x00",
    b"\x1a",
    b'"',
)
_BAD_LINES = (
    *(b"\n", b"\t\n", b"a\n", b"a\tb\tc\td\n", b",,,\n", b"{}\n", b"[1]\n", b'"a\n', b"\x1b[2J\tx\n"),
    *(b'{"label": 1, "text": "x"}\n', b'{"label": 0.0, "text": "x"}\n', b'{"label": null, "text": null}\n'),
)
_HEADERS = (
    *(
        b"",
        b"\n",
        b"text\n",
        b"text\ttext\n",
        b'"label","text"\n',
        b"Label,Text\n",
        b" label , text \n",
        b"label;text\n",
    ),
    *(b"label\ttext\ttext\n", b"\xef\xbb\xbflabel\ttext\n", b"source\ttarget\tsource\n"),
)
_IMAGES = (
    "valid",
    "truncated",
    "bits flipped",
    "empty",
    "text",
    "gray16",
    "cmyk",
    "palette",
    "alpha",
    "gif",
    "one",
    "wide",
    "bomb",
    "caps",
)


def rows(random: Random, columns: tuple[str, str]) -> list[tuple[str, str]]:
    """Return random rows of two cells, all different."""
    labels = random.sample(_LABELS, random.choice([2, 3, 5]))
    odd = random.sample(ODD_CHARACTERS, 3)
    found = []
    for number in range(random.choice([30, 60])):
        words = [random.choice(_WORDS) + random.choice(["", "", *odd]) for _ in range(random.randrange(1, 8))]
        first = labels[number % len(labels)] if columns[0] == "label" else f"{random.choice(_WORDS)} {number}"
        found.append((first, f"{' '.join(words)} {number}"))
    return found


def table(path: Path, columns: tuple[str, str], content: list[tuple[str, str]]) -> None:
    """Write rows in the format of the file extension."""
    extension = Path(path.stem).suffix if path.suffix in (".gz", ".xz") else path.suffix
    text = io.StringIO(newline="")
    if extension == ".jsonl":
        text.writelines(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) + "\n" for row in content)
    elif extension == ".csv":
        csv.writer(text).writerows([columns, *content])
    else:
        text.writelines("\t".join(row) + "\n" for row in [columns, *content])
    compress = {".gz": gzip.compress, ".xz": lzma.compress}.get(path.suffix, bytes)
    path.write_bytes(compress(text.getvalue().encode()))


def corrupt(random: Random, path: Path) -> str:
    """Corrupt a file in one way; return a description."""
    content = path.read_bytes()
    change = random.choice(
        [_cut, _flip_bits, _insert, _insert, _insert_line, _change_header, _empty, _stretch, _recode]
    )
    description, corrupted = change(random, content)
    path.write_bytes(corrupted)
    return f"{path.name}: {description}"


def _cut(random: Random, content: bytes) -> tuple[str, bytes]:
    at = random.randrange(len(content) + 1)
    return f"truncated at {at}", content[:at]


def _flip_bits(random: Random, content: bytes) -> tuple[str, bytes]:
    changed = bytearray(content)
    for _ in range(random.choice([1, 30]) if content else 0):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return "bits flipped", bytes(changed)


def _insert(random: Random, content: bytes) -> tuple[str, bytes]:
    at, odd = random.randrange(len(content) + 1), random.choice(_BAD_BYTES)
    return f"{odd!r} inserted at {at}", content[:at] + odd + content[at:]


def _insert_line(random: Random, content: bytes) -> tuple[str, bytes]:
    start = content.rfind(b"\n", 0, random.randrange(len(content) + 1)) + 1
    odd = random.choice(_BAD_LINES)
    return f"line {odd!r} inserted", content[:start] + odd + content[start:]


def _change_header(random: Random, content: bytes) -> tuple[str, bytes]:
    odd = random.choice(_HEADERS)
    return f"header {odd!r}", odd + content[content.find(b"\n") + 1 :]


def _empty(random: Random, content: bytes) -> tuple[str, bytes]:
    return "empty", random.choice([b"", b"\n", b" \n \n", b"\xef\xbb\xbf"])


def _stretch(random: Random, content: bytes) -> tuple[str, bytes]:
    at, piece = random.randrange(len(content) + 1), random.choice([b"x", b"x ", "é".encode(), b'"'])
    times = random.choice([10**4, 10**6])
    return f"{piece!r} inserted {times} times at {at}", content[:at] + piece * times + content[at:]


def _recode(random: Random, content: bytes) -> tuple[str, bytes]:
    text = content.decode(errors="replace")
    if random.random() < 0.15:
        return "repeated", content * 2
    if random.random() < 0.5:
        end = random.choice(["\r\n", "\r", "\n\n"])
        return f"lines end in {end!r}", text.replace("\n", end).encode()
    encoding = random.choice(["latin-1", "utf-16", "utf-32"])
    return encoding, text.encode(encoding, "replace")


def replace(random: Random, path: Path) -> str:
    """Replace a file by a special file, or by one that is far larger than its size on disk."""
    content = path.read_bytes()
    path.unlink()
    what = random.choice(["pipe", "zero", "loop", "dangling", "folder", "sparse", "bomb", "bomb", "proc"])
    if what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    elif what == "sparse":
        path.write_bytes(content)
        os.truncate(path, 20 * 2**30)
    elif what == "bomb":
        compress = {".xz": lzma.compress, ".gz": gzip.compress}.get(path.suffix)
        path.write_bytes(compress(b"a\tb\n" * 2**22) * 256 if compress else content * 2000)
    else:
        target = {"zero": "/dev/zero", "loop": path.name, "dangling": "missing", "proc": "/proc/self/mem"}[what]
        path.symlink_to(target)
    return f"{path.name}: replaced by {what}"


def write_image(random: Random, path: Path, kind: str) -> Path:
    """Write an image of a kind of `_IMAGES`; return its path, which may have another extension."""
    pixels = np.random.default_rng(random.randrange(2**32)).integers(0, 256, (8, 8, 3), np.uint8)
    image = Image.fromarray(pixels)
    if kind == "gray16":
        Image.fromarray(pixels[..., 0].astype(np.uint16) * 200).save(path)
    elif kind in ("cmyk", "gif"):
        path = path.with_suffix(".jpg" if kind == "cmyk" else ".gif")
        image.convert("CMYK" if kind == "cmyk" else "P").save(path)
    elif kind == "palette":
        image.convert("P").save(path, transparency=0)
    elif kind == "alpha":
        image.convert("RGBA").save(path)
    elif kind in ("one", "wide"):
        image.resize((1, 1) if kind == "one" else (3000, 1)).save(path)
    elif kind == "bomb":
        path.write_bytes(_bomb(30_000))
    elif kind == "caps":
        path = path.with_suffix(".PNG")
        image.save(path)
    else:
        image.save(path)
        content = path.read_bytes()
        flipped = bytearray(content)
        flipped[random.randrange(len(flipped))] ^= 0x55
        corrupted = {
            "truncated": content[: random.randrange(len(content))],
            "bits flipped": flipped,
            "empty": b"",
            "text": b"no image",
        }
        path.write_bytes(corrupted.get(kind, content))
    return path


def write_image_folder(random: Random, folder: Path) -> list[str]:
    """Write a folder of images per class, with corrupt images and stray files; return descriptions of those."""
    found = []
    for name in random.sample(_LABELS, 3):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            write_image(random, folder / name / f"{number}.png", "valid")
        if random.random() < 0.7:
            kind = random.choice(_IMAGES)
            found.append(f"{write_image(random, folder / name / 'odd.png', kind).relative_to(folder)}: {kind}")
        if random.random() < 0.3:
            stray = random.choice(["readme.txt", "._0.png", "a\nb.png", "\udcff.png", "x" * 250])
            stray = folder / random.choice(["", name]) / stray
            stray.write_bytes(b"stray")
            found.append(f"stray {str(stray.relative_to(folder))!r}")
        if random.random() < 0.15:
            found.append(replace(random, folder / name / "3.png"))
    return found


def write_arrays(random: Random, path: Path) -> str:
    """Write an archive of arrays with something unusual; return a description."""
    generator = np.random.default_rng(random.randrange(2**32))
    images, labels = generator.integers(0, 256, (40, 8, 8, 1), np.uint8), np.arange(40) % 4
    changes = {
        "valid": {},
        "fortran order": {"image": np.asfortranarray(images)},
        "floats": {"image": images / 255},
        "16 bits": {"image": images.astype(np.uint16)},
        "objects": {"image": images.astype(object)},
        "five axes": {"image": images[..., None]},
        "no examples": {"image": images[:0], "label": labels[:0]},
        "no pixels": {"image": images[:, :0]},
        "labels below 0": {"label": labels - 1},
        "huge labels": {"label": labels.astype(np.uint64) + 2**63},
        "a million classes": {"label": np.where(labels, labels, 999_999)},
        "labels that are floats": {"label": labels.astype(float)},
        "labels of two axes": {"label": np.eye(4, dtype=int)[labels]},
        "too few labels": {"label": labels[:-1]},
        "names that are bytes": {"classes": np.array([b"a", b"b", b"c", b"d"])},
        "too few names": {"classes": np.array(["a", "b"])},
        "repeated names": {"classes": np.array(["a", "a", "b", "c"])},
        "names with control characters": {"classes": np.array(["\x1b[31m", "[b]", "\n", ""])},
        "records": {"label": np.zeros(40, [("x", "i4")])},
        "one class": {"label": labels * 0},
    }
    what = random.choice([*changes, "another header", "compressed zeros", "bytes"])
    save = np.savez_compressed if random.random() < 0.5 else np.savez
    save(path, **{"image": images, "label": labels, **changes.get(what, {})})
    if what == "another header":
        what = _with_header(random, path)
    elif what == "compressed zeros":
        np.savez_compressed(path, image=np.zeros((300_000, 28, 28, 3), np.uint8), label=np.zeros(300_000, int))
    elif what == "bytes":
        what = corrupt(random, path)
    return f"{path.name}: {what}"


def _with_header(random: Random, path: Path) -> str:
    """Write an archive whose arrays have an invalid header; return a description."""
    header = random.choice(
        [
            "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 8, 8, 1), }",
            "{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 8, 8, 1), }",
            "{'descr': '|O', 'fortran_order': False, 'shape': (40, 8, 8, 1), }",
            "{'descr': '|u1', 'fortran_order': False, 'shape': (40, 8, 8, 1)",
            "{'descr': '|u1', 'fortran_order': 3, 'shape': (40, 8.5, 8, 1), }",
            "__import__('os').system('touch pwned')",
            "(" * 5000,
            "'",
            "\x00",
            "{" + "'a': 1, " * 5000 + "}",
        ]
    )
    body = header.encode() + b"\n"
    magic = b"\x93NUMPY" + bytes(random.choice([(1, 0), (2, 0), (3, 0), (9, 9)]))
    length = struct.pack("<H" if magic[6] == 1 else "<I", len(body) % 2**16)
    with zipfile.ZipFile(path, "w") as file:
        for name in ("image", "label"):
            file.writestr(f"{name}.npy", magic + length + body + bytes(2560))
    return f"header {header[:60]!r}, version {magic[6]}"


def _bomb(side: int) -> bytes:
    """Return a black PNG of `side` × `side` pixels: about 100 KB for 30,000 × 30,000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    compressor = zlib.compressobj()
    row = bytes(1 + side // 8)
    body = b"".join(compressor.compress(row) for _ in range(side)) + compressor.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
