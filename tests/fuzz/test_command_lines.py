"""Random command lines of every command."""

import json

from tests.fuzz import command_lines
from tests.fuzz.harness import problems, snapshot, with_command
from tests.fuzz.sample_data import write_samples


def test_a_random_command_line_keeps_the_rules_of_every_command(campaign, runs):
    subjects = command_lines.subjects(runs.techniques)

    def run_case(random, sandbox):
        subject = random.choice(subjects)
        names = [*random.sample(list(runs.techniques), 2), *(name for name in subject.names if name in runs.techniques)]
        runs.copy(sandbox, list(dict.fromkeys(names)))
        line = command_lines.draw(random, subject, write_samples(sandbox.work))
        if line.config is not None:
            extension = random.choice(["json", "toml"])
            (sandbox.work / f"options.{extension}").write_text(config_text(line.config, extension))
            line.words = [f"options.{extension}" if word == "CONFIG" else word for word in line.words]
        before = snapshot(sandbox.work)
        result = sandbox.run(*line.words)
        wrong = problems(result)
        if line.large and result.code is None:
            wrong = wrong[1:]
        if line.invalid and result.code not in (2, None):
            wrong.append(f"invalid options, but exit code {result.code}")
        if result.code == 2 and snapshot(sandbox.work) != before:
            wrong.append(f"refused, but it changed {sorted(snapshot(sandbox.work).keys() ^ before.keys())[:5]}")
        wrong += json_problems(line, result)
        return with_command(result, wrong)

    campaign(run_case, 45)


def config_text(config, extension):
    if extension == "json":
        return json.dumps(config)
    # TOML writes every JSON value the same way, except null and objects.
    return "".join(f"{json.dumps(name)} = {json.dumps(value)}\n" for name, value in config.items())


def json_problems(line, result):
    """Return what is wrong with standard output if `--json` is given: it must contain only JSON objects."""
    if "--json" not in line.words or result.code is None or {"-h", "--help", "-V", "--version"} & set(line.words):
        return []
    try:
        objects = result.objects()
    except ValueError:
        return [f"--json, but standard output begins {result.stdout[:80]!r}"]
    if result.code and not objects:
        return [f"--json, exit code {result.code}, and standard output is empty"]
    return []
