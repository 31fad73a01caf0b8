"""Mutations of run folders: what disks, syncing services, editors and strangers do to them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from random import Random
from typing import Any

from tests.forging import seal

STRAY = (".DS_Store", "._manifest.json", "Thumbs.db", "desktop.ini", ".nfs000000000001", ".directory", "~lock.1#")
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


def hurt(random: Random, run: Path) -> str:
    """Change a run folder in one way, and say which."""
    change = random.choice([_bytes, _kind, _value, _value, _value, _lines, _checkpoint, _sealed])
    try:
        return change(random, run)
    except (ValueError, LookupError):  # an earlier change left nothing to do this to
        return _kind(random, run)


def litter(random: Random, run: Path) -> str:
    """Leave what a system leaves in folders it shows or syncs; nothing of the run is lost."""
    folders = [run, *(path for path in run.rglob("*") if path.is_dir())]
    where, name = random.choice(folders), random.choice(STRAY)
    if random.random() < 0.2:
        (where / "@eaDir").mkdir(exist_ok=True)
        where = where / "@eaDir"
    (where / name).write_bytes(random.randbytes(random.randrange(50)))
    return f"{(where / name).relative_to(run)} beside the files of the run"


def _files(run: Path) -> list[Path]:
    return sorted(path for path in run.rglob("*") if path.is_file() and not path.is_symlink())


def _pick(random: Random, run: Path) -> Path:
    """Return a file, those of the run itself as often as those of its checkpoints."""
    files = _files(run)
    own = [path for path in files if path.parent == run]
    return random.choice(own if own and random.random() < 0.5 else files)


def _bytes(random: Random, run: Path) -> str:
    path = _pick(random, run)
    content = path.read_bytes()
    changed = bytearray(content)
    for _ in range(random.choice([1, 20]) if content else 0):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    more = random.choice([b"\n", b"\x00" * 100, random.randbytes(1000), b"{}\n" * 1000])
    ways = {
        "cut": content[: random.randrange(len(content) + 1)],
        "empty": b"",
        "flipped": changed,
        "grown": content + more,
        "zeros": bytes(len(content)),
        "huge": content,
    }
    what = random.choice(list(ways))
    path.write_bytes(ways[what])
    if what == "huge":
        os.truncate(path, random.choice([10**8, 10**12]))
    return f"{path.relative_to(run)}: {what}"


def _kind(random: Random, run: Path) -> str:
    """Put something else in the place of a file or folder."""
    path = random.choice([_pick(random, run), *(path for path in run.rglob("*") if path.is_dir())])
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    what = random.choice(["nothing", "folder", "pipe", "zero", "nowhere", "loop", "passwd", "socket"])
    if what == "folder":
        (path / "inner").mkdir(parents=True)
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "socket":
        os.mknod(path, 0o140600)
    elif what != "nothing":
        target = {"zero": "/dev/zero", "nowhere": "nowhere", "loop": path.name, "passwd": "/etc/passwd"}[what]
        path.symlink_to(target)
    return f"{path.relative_to(run)}: {what} in its place"


def _value(random: Random, run: Path) -> str:
    """Change a value within a JSON file of the run."""
    path = random.choice([path for path in _files(run) if path.suffix == ".json" and path.parent == run])
    found = json.loads(path.read_text())
    at, told = _descend(random, found), path.name
    key, value = random.choice([*at, "new"] if isinstance(at, dict) else range(len(at))), random.choice(_VALUES)
    if isinstance(at, dict) and random.random() < 0.2:
        at.pop(key, None)
        told = f"{told}: {key!r} left out"
    else:
        at[key] = value
        told = f"{told}: {key!r} set to {str(value)[:40]!r}"
    path.write_text(json.dumps(found))
    return told


def _descend(random: Random, value: Any) -> Any:
    """Return an object or a list within a JSON value, that is not empty."""
    inner = [
        each
        for each in (value.values() if isinstance(value, dict) else value)
        if each and isinstance(each, (dict, list))
    ]
    return _descend(random, random.choice(inner)) if inner and random.random() < 0.6 else value


def _lines(random: Random, run: Path) -> str:
    """Change lines of the metrics."""
    path = run / "metrics.jsonl"
    if not path.is_file():
        return _value(random, run)
    lines = path.read_text().splitlines()
    place = random.randrange(len(lines))
    what = random.choice(["twice", "gone", "swapped", "odd", "deep", "long", "values"])
    if what == "twice":
        lines.insert(place, lines[place])
    elif what == "gone":
        del lines[place]
    elif what == "swapped":
        random.shuffle(lines)
    elif what == "values":
        found = json.loads(lines[place])
        at = _descend(random, found)
        at[random.choice([*at])] = random.choice(_VALUES)
        lines[place] = json.dumps(found)
    else:
        odd = {"odd": random.choice(["null", "[]", "3", "\x00", "\ufeff{}", '{"step": 1}']), "deep": "[" * 10**5}
        lines.insert(place, odd.get(what, '{"a": "' + "x" * 3 * 10**6 + '"}'))
    path.write_text("\n".join(lines) + "\n", errors="surrogatepass")
    return f"metrics.jsonl: {what}"


def _checkpoints(run: Path) -> list[Path]:
    folder = run / "checkpoints"
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _checkpoint(random: Random, run: Path) -> str:
    """Rename, remove or copy a whole checkpoint."""
    if not (there := _checkpoints(run)):
        return _bytes(random, run)
    one = random.choice(there)
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


def _sealed(random: Random, run: Path) -> str:
    """Change a checkpoint as a stranger can, who makes its checksums right again."""
    there = [path for path in _checkpoints(run) if (path / "manifest.json").is_file()]
    if not there:
        return _bytes(random, run)
    one = random.choice(there)
    inner = [path for path in _files(one) if path.name != "manifest.json"]
    path = random.choice(inner)
    content = bytearray(path.read_bytes())
    if path.name == "progress.json":
        found = json.loads(content)
        at = _descend(random, found)
        at[random.choice([*at] if isinstance(at, dict) else range(len(at)))] = random.choice(_VALUES)
        content = bytearray(json.dumps(found).encode())
    else:
        for _ in range(random.choice([1, 50])):
            if content:
                content[random.randrange(len(content))] = random.randrange(256)
    path.write_bytes(content)
    seal(one)
    return f"{path.relative_to(run)} changed and sealed again"
