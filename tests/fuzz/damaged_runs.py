"""Damages run folders the way disks, sync services, editors and attackers do."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from random import Random
from typing import Any

from tests.resealing import seal

STRAY_FILES = (".DS_Store", "._manifest.json", "Thumbs.db", "desktop.ini", ".nfs000000000001", ".directory", "~lock.1#")
NAMES = (
    "a [b]",
    "*",
    "a?b",
    "{x}",
    "a'b",
    'a"b',
    "-rf",
    "--json",
    "ü",
    "a\nb",
    "a b",
    "$HOME",
    "x" * 200,
    "[red]",
    "%s",
)
_VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        -1,
        1.5,
        10**12,
        10**30,
        1e308,
        float("nan"),
        float("inf"),
        "",
        "x",
        "\x1b[31m",
        "../../x",
        "a" * 9999,
    ),
    *([], {}, [None], [[[]]], {"a": {"b": {}}}, ["cnn"], "/etc/passwd", "\ud800", "2" * 400),
)


def damage(random: Random, run: Path) -> str:
    """Damage a run folder in one way; return a description."""
    change = random.choice([_bytes, _kind, _value, _value, _value, _lines, _checkpoint, _resealed])
    try:
        return change(random, run)
    except (ValueError, LookupError):  # earlier damage left nothing to change
        return _kind(random, run)


def add_stray_file(random: Random, run: Path) -> str:
    """Add a file that file managers and sync services leave; the files of the run stay as they are."""
    folders = [run, *(path for path in run.rglob("*") if path.is_dir())]
    folder, name = random.choice(folders), random.choice(STRAY_FILES)
    if random.random() < 0.2:
        folder = folder / "@eaDir"
        folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(random.randbytes(random.randrange(50)))
    return f"{(folder / name).relative_to(run)}: stray file"


def _files(run: Path) -> list[Path]:
    return sorted(path for path in run.rglob("*") if path.is_file() and not path.is_symlink())


def _pick(random: Random, run: Path) -> Path:
    """Return a file, as often from the top of the run as from its checkpoints."""
    files = _files(run)
    top = [path for path in files if path.parent == run]
    return random.choice(top if top and random.random() < 0.5 else files)


def _bytes(random: Random, run: Path) -> str:
    path = _pick(random, run)
    content = path.read_bytes()
    changed = bytearray(content)
    for _ in range(random.choice([1, 20]) if content else 0):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    more = random.choice([b"\n", b"\x00" * 100, random.randbytes(1000), b"{}\n" * 1000])
    damaged = {
        "truncated": content[: random.randrange(len(content) + 1)],
        "empty": b"",
        "bits flipped": changed,
        "longer": content + more,
        "zeros": bytes(len(content)),
        "huge": content,
    }
    what = random.choice(list(damaged))
    path.write_bytes(damaged[what])
    if what == "huge":
        os.truncate(path, random.choice([10**8, 10**12]))
    return f"{path.relative_to(run)}: {what}"


def _kind(random: Random, run: Path) -> str:
    """Replace a file or folder by something else."""
    path = random.choice([_pick(random, run), *(path for path in run.rglob("*") if path.is_dir())])
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    what = random.choice(["nothing", "folder", "pipe", "zero", "dangling", "loop", "passwd", "socket"])
    if what == "folder":
        (path / "inner").mkdir(parents=True)
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "socket":
        os.mknod(path, 0o140600)
    elif what != "nothing":
        target = {"zero": "/dev/zero", "dangling": "missing", "loop": path.name, "passwd": "/etc/passwd"}[what]
        path.symlink_to(target)
    return f"{path.relative_to(run)}: replaced by {what}"


def _value(random: Random, run: Path) -> str:
    """Change a value in a JSON file of the run."""
    path = random.choice([path for path in _files(run) if path.suffix == ".json" and path.parent == run])
    content = json.loads(path.read_text())
    inner, value = _descend(random, content), random.choice(_VALUES)
    key = random.choice([*inner, "new"] if isinstance(inner, dict) else range(len(inner)))
    if isinstance(inner, dict) and random.random() < 0.2:
        inner.pop(key, None)
        what = f"{key!r} removed"
    else:
        inner[key] = value
        what = f"{key!r} set to {str(value)[:40]!r}"
    path.write_text(json.dumps(content))
    return f"{path.name}: {what}"


def _descend(random: Random, value: Any) -> Any:
    """Return a JSON value or a non-empty object or list in it."""
    items = value.values() if isinstance(value, dict) else value
    inner = [each for each in items if each and isinstance(each, (dict, list))]
    return _descend(random, random.choice(inner)) if inner and random.random() < 0.6 else value


def _lines(random: Random, run: Path) -> str:
    """Change lines of the metrics log."""
    path = run / "metrics.jsonl"
    if not path.is_file():
        return _value(random, run)
    lines = path.read_text().splitlines()
    at = random.randrange(len(lines))
    what = random.choice(["repeated", "removed", "shuffled", "invalid", "deep", "long", "value"])
    if what == "repeated":
        lines.insert(at, lines[at])
    elif what == "removed":
        del lines[at]
    elif what == "shuffled":
        random.shuffle(lines)
    elif what == "value":
        lines[at] = _with_random_value(random, lines[at])
    else:
        invalid = random.choice(["null", "[]", "3", "\x00", "\ufeff{}", '{"step": 1}'])
        lines.insert(at, {"invalid": invalid, "deep": "[" * 10**5}.get(what, '{"a": "' + "x" * 3 * 10**6 + '"}'))
    path.write_text("\n".join(lines) + "\n", errors="surrogatepass")
    return f"metrics.jsonl: {what}"


def _with_random_value(random: Random, text: str) -> str:
    """Return a JSON object with one value replaced."""
    content = json.loads(text)
    inner = _descend(random, content)
    inner[random.choice([*inner] if isinstance(inner, dict) else range(len(inner)))] = random.choice(_VALUES)
    return json.dumps(content)


def _checkpoints(run: Path) -> list[Path]:
    folder = run / "checkpoints"
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _checkpoint(random: Random, run: Path) -> str:
    """Rename, remove or copy a checkpoint."""
    if not (checkpoints := _checkpoints(run)):
        return _bytes(random, run)
    one = random.choice(checkpoints)
    name = random.choice(
        ["00000099", "9" * 30, "-0000001", "latest", ".draft-00000001", "٣", "00000006.bak", "removed"]
    )
    if name == "removed":
        shutil.rmtree(one)
    elif random.random() < 0.5:
        shutil.copytree(one, one.with_name(name))
    else:
        one.rename(one.with_name(name))
    return f"checkpoint {one.name}: {name}"


def _resealed(random: Random, run: Path) -> str:
    """Change a checkpoint as an attacker can, who also corrects its checksums."""
    checkpoints = [path for path in _checkpoints(run) if (path / "manifest.json").is_file()]
    if not checkpoints:
        return _bytes(random, run)
    one = random.choice(checkpoints)
    path = random.choice([path for path in _files(one) if path.name != "manifest.json"])
    content = bytearray(path.read_bytes())
    if path.name == "progress.json":
        content = bytearray(_with_random_value(random, content.decode()).encode())
    else:
        for _ in range(random.choice([1, 50])):
            if content:
                content[random.randrange(len(content))] = random.randrange(256)
    path.write_bytes(content)
    seal(one)
    return f"{path.relative_to(run)} changed, with a correct checksum"
