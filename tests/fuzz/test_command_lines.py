"""Command lines drawn from the options of every command."""

import json

from tests.fuzz import lines
from tests.fuzz.files import scatter
from tests.fuzz.harness import faults, said, snapshot


def test_no_command_line_ends_in_a_traceback_or_writes_before_its_options_are_right(campaign, trained):
    subjects = lines.subjects(trained.names)

    def attempt(random, place):
        trained.copy(place, list(dict.fromkeys(random.sample(list(trained.names), 2))))
        subject = random.choice(subjects)
        for name in subject.spoken:
            if name in trained.names and not (place.work / "runs" / name).exists():
                trained.copy(place, [name])
        line = lines.draw(random, subject, scatter(place.work))
        if line.config is not None:
            ending = random.choice(["json", "toml"])
            (place.work / f"options.{ending}").write_text(written(line.config, ending))
            line.words = [f"options.{ending}" if word == "CONFIG" else word for word in line.words]
        before = snapshot(place.work)
        found = place.run(*line.words)
        wrong = faults(found)
        if line.enormous and found.code is None:
            wrong = wrong[1:]  # it may take as long as it asks for
        if line.known == 2 and found.code not in (2, None):
            wrong.append(f"the options are wrong, and it ended with {found.code}")
        if found.code == 2 and snapshot(place.work) != before:
            wrong.append(f"refused, and yet changed {sorted(snapshot(place.work).keys() ^ before.keys())[:5]}")
        wrong += of_json(line, found)
        return said(found, wrong)

    campaign(attempt, 200)


def written(config, ending):
    if ending == "json":
        return json.dumps(config)
    # Every JSON value but null and objects is one of TOML too.
    return "".join(f"{json.dumps(name)} = {json.dumps(value)}\n" for name, value in config.items())


def of_json(line, found):
    """Check that `--json` puts JSON objects on standard output, and nothing else."""
    if "--json" not in line.words or found.code is None or {"-h", "--help", "-V", "--version"} & set(line.words):
        return []
    try:
        answers = found.answers()
    except ValueError:
        return [f"--json, and standard output begins {found.text[:80]!r}"]
    if found.code and not any("error" in each or "problem" in each for each in answers if isinstance(each, dict)):
        return [] if answers else [f"--json, exit code {found.code}, and no answer on standard output"]
    return []
