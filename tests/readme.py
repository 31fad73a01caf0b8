"""Writes the generated parts of README.md: the file map, the exit codes, the options.

`python tests/readme.py --write` (or `make readme`) puts them in; without `--write` it only says whether
they are stale, as `tests/test_readme.py` does.
"""

import ast
import re
import sys
from pathlib import Path

from dlcli import errors, figures, studies, techniques
from dlcli.cli.typer_options import Column, columns, domain
from dlcli.options.fields import flag

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def file_map() -> str:
    """One line a file: the first line of its docstring."""
    lines = []
    for path in sorted(
        (ROOT / "dlcli").rglob("*.py"), key=lambda path: (path.parent.parts, path.name != "__init__.py", path.name)
    ):
        text = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]
        name = path.relative_to(ROOT).as_posix()
        if path.name == "__init__.py":
            lines.append(f"{path.parent.relative_to(ROOT).as_posix() + '/':44}{text}".rstrip())
        elif path.name != "__main__.py":
            lines.append(f"  {name.split('/', 1)[1]:42}{text}".rstrip())
    return "```\n" + "\n".join(lines) + "\n```"


def exit_codes() -> str:
    """A row an exit code."""
    kinds = sorted(errors.UserError.__subclasses__(), key=lambda kind: kind.exit_code)
    rows = [(0, "done"), (1, "a bug in dlcli"), *((k.exit_code, _first_line(k)) for k in kinds)]
    rows += [(130, "interrupted (SIGINT), state saved"), (143, "terminated (SIGTERM), state saved")]
    return "| code | meaning |\n|---|---|\n" + "\n".join(f"| {code} | {text} |" for code, text in rows)


def options() -> str:
    """A table a command with options of its own."""
    commands = {f"train {name}": techniques.options(name, "train") for name in techniques.names()}
    for verb in ("eval", "predict", "sample", "score"):
        commands |= {f"{verb} {name}": techniques.options(name, verb) for name in techniques.names()}
    commands |= {f"viz {name}": model for name, model in figures.catalogue().items()}
    commands |= {f"study {name}": model for name, model in studies.catalogue().items()}
    return "\n\n".join(_table(name, columns(model)) for name, model in commands.items() if model is not None)


PARTS = {"file map": file_map, "exit codes": exit_codes, "options": options}


def renewed(text: str) -> str:
    """Return README.md with every generated part as it should be."""
    for name, make in PARTS.items():
        pattern = re.compile(rf"(<!-- {name}: generated -->\n)(?:.*?\n)??(<!-- end -->)", re.DOTALL)
        found = pattern.search(text)
        assert found, f"README.md has no place for the {name}"
        text = f"{text[: found.end(1)]}{make()}\n{text[found.start(2) :]}"
    return text


def _table(command: str, fields: dict[str, Column]) -> str:
    rows = "\n".join(f"| {_flag(name, each)} | {_text(each)} | {each.default} |" for name, each in fields.items())
    return (
        f"<details><summary><code>dlcli {command}</code></summary>\n\n"
        f"| option | meaning | default |\n|---|---|---|\n{rows}\n\n</details>"
    )


def _flag(name: str, column: Column) -> str:
    return f"`{name.upper() if column.argument else flag(name)}`"


def _text(column: Column) -> str:
    return f"{column.field.description}{domain(column.field)}".replace("|", "\\|")


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").split("\n")[0].rstrip(".")


if __name__ == "__main__":
    found = README.read_text()
    if "--write" in sys.argv:
        README.write_text(renewed(found))
    sys.exit(renewed(found) != found and "--write" not in sys.argv and "README.md is stale: make readme")
