"""Run folders that were damaged, littered, renamed or made by a stranger."""

from dlcli import figures, techniques
from tests.comparing import assert_same_run
from tests.fuzz import damage
from tests.fuzz.files import scatter
from tests.fuzz.harness import faults, said, snapshot
from tests.fuzz.trained import FURTHER


def commands(name, technique):
    """Return what can be done with a run, as words."""
    run = f"runs/{name}"
    found = [["runs", "list"], ["runs", "show", run], ["runs", "compare", run, "runs/good"], ["eval", run]]
    found += [["viz", "learning-curves", "--run", run, "--no-show"], ["resume", run, "--steps", str(FURTHER)]]
    found += [["viz", figure, "--run", run, "--no-show"] for figure in figures.of(technique)]
    read = {"images": "pictures/a", "text": "The blade", "nearest": "the"}
    for verb in ("sample", "predict", "score"):
        if model := techniques.options(technique, verb):
            words = [read[field] for field in ("images", "text") if field in model.model_fields]
            words += ["--nearest", "the"] if "nearest" in model.model_fields else []
            words += ["--max-new-tokens", "5"] if "max_new_tokens" in model.model_fields else []
            found.append([verb, technique, *words, "--run", run])
    return found


def test_a_damaged_run_folder_is_refused_in_a_line_and_left_as_it_is(campaign, trained):
    def attempt(random, place):
        name = random.choice(list(trained.names))
        trained.copy(place, ["cnn"])
        (place.work / "runs" / "cnn").rename(place.work / "runs" / "good")
        trained.copy(place, [name])
        scatter(place.work)
        told = [damage.hurt(random, place.work / "runs" / name) for _ in range(random.choice([1, 1, 2]))]
        wrong = []
        for words in random.sample(commands(name, trained.names[name]), 3):
            before = snapshot(place.work / "runs" / name)
            found = place.run(*words)
            each = faults(found)
            if found.code and snapshot(place.work / "runs" / name) != before:
                each.append(f"it failed, and yet changed {differing(before, snapshot(place.work / 'runs' / name))}")
            if words == ["runs", "list"] and (found.code != 0 or "good" not in found.text):
                each.append(f"one folder hides the others: exit code {found.code}")
            wrong += said(found, each)
        return [*told, *wrong] if wrong else []

    campaign(attempt, 80)


def test_files_that_systems_leave_in_a_run_folder_change_nothing(campaign, trained):
    def attempt(random, place):
        name = random.choice(list(trained.names))
        trained.copy(place, [name])
        scatter(place.work)
        run = place.work / "runs" / name
        if random.random() < 0.4:
            run = run.rename(run.with_name(random.choice(damage.NAMES)))
        told = [f"called {run.name!r}", *(damage.litter(random, run) for _ in range(random.choice([0, 1, 3])))]
        learner = trained.names[name] in techniques.having("resume")
        if not learner or random.random() < 0.5:
            found = place.run("eval", f"./runs/{run.name}")
        else:
            found = place.run("resume", f"./runs/{run.name}", "--steps", str(FURTHER))
        wrong = faults(found, {0})
        if learner and not wrong and "resume" in found.command:
            wrong += difference(trained.resumed(name), run)
        return [*told, *said(found, wrong)] if wrong else []

    campaign(attempt, 30)


def difference(whole, other):
    """Return how two runs differ, of which the first is right."""
    try:
        assert_same_run(whole, other)
    except Exception as error:
        return [f"not bit for bit {whole}: {type(error).__name__} {str(error)[:200]}"]
    return []


def differing(before, after):
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))[:5]
