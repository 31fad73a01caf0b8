"""Run folders: where they are, and what they say of themselves.

It takes no jax to read one: `dlcli runs list` answers at once. Everything in a folder is untrusted, and each of its
files is read in one way: a regular file, no link, of bounded size, that fits a model.
"""

from __future__ import annotations

import fcntl
import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from dlcli.errors import RunError
from dlcli.files import opened, read_object, size_text
from dlcli.nearest import did_you_mean
from dlcli.notices import warn
from dlcli.paths import runs_folder

_LONGEST = 2**20  # bytes of a line of metrics.jsonl
_MOST = 2**32  # bytes of metrics.jsonl
_TAIL = 2**18  # bytes at its end that tell how a run stands

M = TypeVar("M", bound=BaseModel)
Number = Annotated[float, BeforeValidator(lambda value: float("nan") if value is None else value)]


class Record(BaseModel):
    """A line of `metrics.jsonl`; null stands for a number that was not finite."""

    step: Annotated[int, Field(ge=0)]
    split: str
    rate: Number = 0.0
    seconds: Number = 0.0
    best: bool = False
    closing: bool = False
    metrics: dict[str, Number]


class DataAbout(BaseModel):
    """What `run.json` says of the data."""

    dataset: str = "?"
    digest: str | None = None
    sizes: dict[str, int] = {}


class Session(BaseModel):
    """What `run.json` says of a time that the run was resumed."""

    from_step: int | None = None
    created: str | None = None


class EndedAbout(BaseModel):
    """What `run.json` says of how the run ended."""

    reason: str = "?"
    step: int | None = None
    best_step: int | None = None
    best: dict[str, Number] = {}
    last: dict[str, Number] = {}
    seconds: float | None = None


class About(BaseModel):
    """What is relied on in `run.json`.

    Attributes:
        technique: checked by `technique_of`.
        folder: the working folder of the command that began the run, below which relative paths of its options lie.
        note: of the user.
    """

    technique: Any = None
    created: str | None = None
    folder: str | None = None
    note: str = ""
    parameters: int | None = None
    device: str | None = None
    dtype: str | None = None
    versions: dict[str, str] = {}
    data: DataAbout = DataAbout()
    sessions: list[Session] = []
    ended: EndedAbout | None = None


class Folder:
    """One run folder, to read."""

    def __init__(self, folder: Path):
        self.folder = folder

    def about(self) -> dict[str, Any]:
        """Return what `run.json` says, in full; nothing if it is not there yet.

        Raises:
            RunError: it does not fit `About`.
        """
        if not os.path.lexists(self.folder / "run.json"):
            return {}
        self.read("run.json", About)
        return self.raw("run.json")

    def read(self, name: str, model: type[M]) -> M:
        """Read one of the JSON files of the folder.

        Raises:
            RunError: it is missing, or does not fit the model.
        """
        try:
            found = self.raw(name)
            return model.model_validate(found, context={"kept": set(found)})
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            where = ".".join(map(str, problem["loc"]))
            reason = f"{where}: {problem['msg']}"
            raise RunError(f"{self.folder / name} does not fit this technique or version: {reason}") from error

    def raw(self, name: str) -> dict[str, Any]:
        """Read one of the JSON files of the folder as it is; raise `RunError` where it holds no object."""
        return _object(self.folder / name)

    def records(self, last: int | None = None) -> Iterator[dict[str, Any]]:
        """Read `metrics.jsonl`; a line that a crash cut off is left out.

        Args:
            last: bytes at the end of the file to read alone; None reads it all.

        Raises:
            RunError: it is no regular file, or too large.
        """
        path = self.folder / "metrics.jsonl"
        if not os.path.lexists(path):
            return
        try:
            with opened(path, links=False) as file:
                size = os.fstat(file.fileno()).st_size
                if last is None and size > _MOST:
                    raise ValueError(f"it must be at most {size_text(_MOST)}, found {size_text(size)}")
                if last is not None and size > last:
                    file.seek(size - last)
                    file.readline(_LONGEST)  # the rest of a line
                while line := file.readline(_LONGEST):
                    try:
                        yield Record.model_validate_json(line).model_dump(exclude_unset=True)
                    except ValidationError:
                        continue
        except (OSError, ValueError) as error:
            raise RunError(f"{path} cannot be read: {error}") from error

    def saved_steps(self) -> list[int]:
        """Return the steps of the checkpoints there are, whole or not, in rising order."""
        folder = self.folder / "checkpoints"
        try:
            names = [each.name for each in folder.iterdir()] if not folder.is_symlink() else []
        except OSError:
            return []
        steps = (int(name) for name in names if name.isdecimal() and len(name) <= 12)
        return sorted(step for step in steps if os.path.lexists(folder / f"{step:08d}" / "manifest.json"))

    def has_model(self) -> bool:
        """Tell whether there is something to evaluate: a checkpoint, or what a technique without steps has learnt."""
        if self.saved_steps():
            return True
        try:
            ended = self.read("run.json", About).ended
        except RunError:
            return False
        return ended is not None and ended.reason == "trained"

    def is_running(self) -> bool:
        """Tell whether a process of this machine is training in the folder, by the lock that it holds."""
        try:
            handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # a file system without locks
            return False
        finally:
            os.close(handle)
        return False

    def summary(self) -> Summary:
        """Return how the run stands; raise `RunError` where its files are not what they should be."""
        about, running = self.read("run.json", About), self.is_running()
        self.raw("options.json")
        steps = self.saved_steps()
        best: dict[str, float] = {}
        step, seconds = steps[-1] if steps else 0, None
        for record in self.records(last=_TAIL):
            step, seconds = max(step, record["step"]), record.get("seconds", seconds)
            best = record["metrics"] if record.get("best") else best
        ended = None if running else about.ended
        if ended is not None:
            best, seconds = ended.best or best, ended.seconds if ended.seconds is not None else seconds
            step = step if ended.step is None else ended.step
        return Summary(
            folder=self.folder,
            technique=technique_of(self.folder),
            about=about,
            state="running" if running else _state(ended, bool(steps)),
            step=step,
            seconds=seconds,
            best=best,
        )


class Summary(BaseModel):
    """How a run stands.

    Attributes:
        state: running, finished, stopped early, time limit, interrupted, terminated, diverged, killed or no checkpoint.
        step: the last one that is known.
        seconds: spent in training, as far as it was reported.
        best: metrics of the best validation.
    """

    folder: Path
    technique: str
    about: About
    state: str
    step: int
    seconds: float | None
    best: dict[str, float]


_STATES = {
    "steps": "finished",
    "trained": "finished",
    "patience": "stopped early",
    "time": "time limit",
    "SIGINT": "interrupted",
    "SIGTERM": "terminated",
    "diverged": "diverged",
}


def _state(ended: EndedAbout | None, saved: bool) -> str:
    if ended is None:
        return "killed" if saved else "no checkpoint"
    return _STATES.get(ended.reason, "ended")


def find(name: str, technique: str | tuple[str, ...] = "", purpose: str = "this") -> Path:
    """Return the folder of a run.

    Args:
        name: a path, the name of a run under `runs/`, or a technique's name for its latest run;
            empty: the latest run of `technique`.
        technique: what the run must be of, one of several; empty: anything.
        purpose: what needs the run, for the message where it is of another technique.

    Raises:
        RunError: there is none, or it is of another technique.
    """
    allowed = (technique,) if isinstance(technique, str) else technique
    for folder in (Path(name), runs_folder() / name) if name else ():
        if os.path.exists(folder / "options.json"):  # which unlike Path.exists takes a name of any kind
            return _of(folder, allowed, purpose)
    wanted = (name,) if name else allowed
    latest = _latest([folder for each in wanted for folder in list_runs(each)])
    if latest is None:
        raise _none(name, allowed)
    return _of(latest, allowed, purpose)


def _of(folder: Path, allowed: tuple[str, ...], purpose: str) -> Path:
    """Return the folder if its run is of a technique that is allowed; raise `RunError` otherwise."""
    if allowed != ("",) and (found := technique_of(folder)) not in allowed:
        there = any(list_runs(each) for each in allowed)
        hint = f"dlcli runs list --technique {allowed[0]} shows what there is" if there else _first(allowed)
        raise RunError(f"{folder} is a {found} run; {purpose} needs a {' or '.join(allowed)} run", hint=hint)
    return folder


def _first(allowed: tuple[str, ...]) -> str:
    return f"train one first: dlcli train {(allowed[0] or 'cnn').replace('_', '-')}"


def _none(name: str, allowed: tuple[str, ...]) -> RunError:
    """Return the error for a run that is not there, with the command that makes or finds one."""
    there = [folder.name for folder in list_runs()]
    if there and name:
        hint = f"dlcli runs list shows what there is, at last {', '.join(there[-3:])}"
    else:
        hint = _first(allowed)
    wanted = name or " or ".join(allowed)
    places = f"a run folder, a run under {runs_folder()} or a technique with one"
    return RunError(f"RUN must be {places}, found none for {wanted!r}{did_you_mean(name, there)}", hint=hint)


def _latest(folders: Sequence[Path]) -> Path | None:
    """Return the run that was trained last; one without a checkpoint only where all are without."""
    newest = sorted(folders, key=_began, reverse=True)
    found = next((folder for folder in newest if Folder(folder).has_model()), None)
    if found is None:
        return newest[0] if newest else None
    if found != newest[0]:
        warn(f"{newest[0]} has no checkpoint; the latest run that has one is {found}")
    return found


def list_runs(technique: str = "") -> list[Path]:
    """Return the folders under `runs/` that hold a run, of one technique or of all, the latest last."""
    folders = [path.parent for path in runs_folder().glob("*/options.json")]
    found = [folder for folder in folders if not technique or _is_of(folder, technique)]
    return sorted(found, key=lambda folder: (_began(folder), folder.name))


def is_unfinished(folder: Path, names: set[str]) -> bool:
    """Tell whether a folder that holds files of these names is what is left of a run killed before it began."""
    if "run.json" not in names or "options.json" in names or not all(name.endswith(".json") for name in names):
        return False
    try:
        technique_of(folder)
        return "dlcli" in Folder(folder).read("run.json", About).versions
    except RunError:
        return False


def command(*words: object) -> str:
    """Return a command line of dlcli that can be pasted into a shell."""
    # A path that begins with a dash would be taken for an option.
    shown = [f"./{word}" if isinstance(word, Path) and str(word).startswith("-") else str(word) for word in words]
    return shlex.join(["dlcli", *shown])


def _began(folder: Path) -> float:
    """Return when training last began or was resumed; the folder's own time changes with each figure drawn into it."""
    try:
        return (folder / "options.json").stat().st_mtime
    except OSError:
        return 0.0


def technique_of(folder: Path) -> str:
    """Return the name of the technique whose run this is; raise `RunError` where the folder does not say."""
    name = _object(folder / "run.json").get("technique")
    if not isinstance(name, str) or not name.isidentifier():
        raise RunError(f"{folder / 'run.json'} must name the technique, found {name!r}")
    return name


def _is_of(folder: Path, technique: str) -> bool:
    try:
        return technique_of(folder) == technique
    except RunError:  # one bad folder must not hide the others
        return False


def _object(path: Path) -> dict[str, Any]:
    try:
        return read_object(path)
    except FileNotFoundError as error:
        raise RunError(f"{path.parent} is not a run folder: {path.name} is missing") from error
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}") from error
