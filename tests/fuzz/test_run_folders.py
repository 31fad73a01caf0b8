"""Run folders that are damaged, have stray files, are renamed, or come from an untrusted source."""

from dlcli import figures, techniques
from dlcli.export.options import format_names
from tests.fuzz import damaged_runs
from tests.fuzz.comparison import differences
from tests.fuzz.harness import problems, snapshot, with_command
from tests.fuzz.sample_data import write_samples
from tests.fuzz.small_runs import RESUMED_STEPS, flags
from tests.test_every_figure import SMALL


def commands(name, technique):
    """Return the commands that read a run."""
    run = f"runs/{name}"
    found = [["runs", "list"], ["runs", "show", run], ["runs", "compare", run, "runs/good"], ["eval", run]]
    found += [["viz", "learning-curves", "--run", run, "--no-show"], ["resume", run, "--steps", str(RESUMED_STEPS)]]
    for figure in figures.of(technique):
        found.append(["viz", figure, "--run", run, "--no-show", *flags(SMALL.get(figure, {}))])
    found += [["export", run, "--format", each, "--out", "exported"] for each in format_names()]
    inputs = {"images": "images/a", "text": "The blade"}
    for verb in ("sample", "predict", "score"):
        if model := techniques.options(technique, verb):
            words = [value for field, value in inputs.items() if field in model.model_fields]
            words += ["--nearest", "the"] if "nearest" in model.model_fields else []
            words += ["--max-new-tokens", "5"] if "max_new_tokens" in model.model_fields else []
            found.append([verb, technique, *words, "--run", run])
    return found


def test_a_command_that_refuses_a_damaged_run_leaves_it_as_it_is(campaign, runs):
    def run_case(random, sandbox):
        name = random.choice(list(runs.techniques))
        runs.copy(sandbox, ["cnn"])
        (sandbox.work / "runs" / "cnn").rename(sandbox.work / "runs" / "good")
        runs.copy(sandbox, [name])
        write_samples(sandbox.work)
        run = sandbox.work / "runs" / name
        damage = [damaged_runs.damage(random, run) for _ in range(random.choice([1, 1, 2]))]
        wrong = []
        for words in random.sample(commands(name, runs.techniques[name]), 3):
            before = snapshot(run)
            result = sandbox.run(*words)
            found = problems(result)
            if result.code and snapshot(run) != before:
                found.append(f"it failed, but changed {changed(before, snapshot(run))}")
            if words == ["runs", "list"] and (result.code != 0 or "good" not in result.stdout):
                found.append(f"a damaged run hides the others: exit code {result.code}")
            wrong += with_command(result, found)
        return [*damage, *wrong] if wrong else []

    campaign(run_case, 14)


def changed(before, after):
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))[:5]


def test_stray_files_and_odd_names_of_run_folders_change_nothing(campaign, runs):
    def run_case(random, sandbox):
        name = random.choice(list(runs.techniques))
        runs.copy(sandbox, [name])
        write_samples(sandbox.work)
        run = sandbox.work / "runs" / name
        if random.random() < 0.4:
            run = run.rename(run.with_name(random.choice(damaged_runs.NAMES)))
        strays = [damaged_runs.add_stray_file(random, run) for _ in range(random.choice([0, 1, 3]))]
        resumed = name in runs.resumable and random.random() < 0.5
        words = ["resume", "--steps", RESUMED_STEPS] if resumed else ["eval"]
        result = sandbox.run(*words, f"./runs/{run.name}")
        wrong = problems(result, {0})
        if resumed and not wrong:
            wrong += differences(runs.resumed(name), run)
        return [f"named {run.name!r}", *strays, *with_command(result, wrong)] if wrong else []

    campaign(run_case, 16)
