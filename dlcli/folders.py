"""Run folders: where they are, and what they say of themselves.

It takes no jax to read one: `dlcli runs list` answers at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from dlcli.errors import RunError
from dlcli.files import read_object
from dlcli.paths import runs_folder

_LONGEST = 2**20  # bytes of a line of metrics.jsonl

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


class About(BaseModel):
    """What is relied on in `run.json`."""

    data: dict[str, Any] = {}
    sessions: list[Any] = []
    ended: dict[str, Any] | None = None


class Folder:
    """One run folder, to read."""

    def __init__(self, folder: Path):
        self.folder = folder

    def about(self) -> dict[str, Any]:
        """Return what `run.json` says; nothing if it is not there yet."""
        if not (self.folder / "run.json").exists():
            return {}
        self.read("run.json", About)
        return _object(self.folder / "run.json")

    def read(self, name: str, model: type[M]) -> M:
        """Read one of the JSON files of the folder.

        Raises:
            RunError: it is missing, or does not fit the model.
        """
        try:
            found = _object(self.folder / name)
            return model.model_validate(found, context={"kept": set(found)})
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            where = ".".join(map(str, problem["loc"]))
            reason = f"{where}: {problem['msg']}"
            raise RunError(f"{self.folder / name} does not fit this technique or version: {reason}") from error

    def records(self) -> Iterator[dict[str, Any]]:
        """Read `metrics.jsonl`; a line that a crash cut off is left out."""
        path = self.folder / "metrics.jsonl"
        if not path.exists():
            return
        if path.is_symlink() or not path.is_file():
            raise RunError(f"{path} must be a regular file")
        with path.open("rb") as file:
            while line := file.readline(_LONGEST):
                try:
                    yield Record.model_validate_json(line).model_dump(exclude_unset=True)
                except ValidationError:
                    continue


def find(name: str, technique: str | tuple[str, ...] = "") -> Path:
    """Return the folder of a run.

    Args:
        name: a path, the name of a run under `runs/`, or a technique's name for its latest run;
            empty: the latest run of `technique`.
        technique: what the run must be of, one of several; empty: anything.

    Raises:
        RunError: there is none.
    """
    allowed = (technique,) if isinstance(technique, str) else technique
    for folder in (Path(name), runs_folder() / name) if name else ():
        if (folder / "options.json").exists():
            if allowed != ("",) and technique_of(folder) not in allowed:
                raise RunError(f"{folder} must be a run of {' or '.join(allowed)}, found one of {technique_of(folder)}")
            return folder
    wanted = (name,) if name else allowed
    latest = max((folder for each in wanted for folder in list_runs(each)[-1:]), key=_began, default=None)
    if latest is None:
        there = ", ".join(folder.name for folder in list_runs()[-3:])
        hint = (
            f"dlcli runs list shows what there is, at last {there}"
            if there
            else f"dlcli train {allowed[0] or 'cnn'} makes a first one"
        )
        places = f"a run folder, a run under {runs_folder()} or a technique with one"
        raise RunError(f"RUN must be {places}, found none for {' or '.join(wanted)!r}", hint=hint)
    return latest


def list_runs(technique: str = "") -> list[Path]:
    """Return the folders under `runs/` that hold a run, of one technique or of all, the latest last."""
    folders = [path.parent for path in runs_folder().glob("*/options.json")]
    found = [folder for folder in folders if not technique or _is_of(folder, technique)]
    return sorted(found, key=lambda folder: (_began(folder), folder.name))


def _began(folder: Path) -> float:
    """Return when training last began or went on; the folder's own time changes with each figure drawn into it."""
    return (folder / "options.json").stat().st_mtime


def technique_of(folder: Path) -> str:
    """Return the name of the technique whose run this is; raise `RunError` where the folder does not say."""
    name = _object(folder / "run.json").get("technique")
    if not isinstance(name, str) or not name.isidentifier():
        raise RunError(f"{folder / 'run.json'} must name the technique, found {name!r}")
    return name


def _is_of(folder: Path, technique: str) -> bool:
    try:
        return technique_of(folder) == technique
    except RunError:  # one spoilt folder must not hide the others
        return False


def _object(path: Path) -> dict[str, Any]:
    try:
        return read_object(path)
    except FileNotFoundError as error:
        raise RunError(f"{path.parent} is not a run folder: {path.name} is missing") from error
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}") from error
