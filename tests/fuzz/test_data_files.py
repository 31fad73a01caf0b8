"""Data files: rows with odd characters, corrupt tables, archives and images, and special files."""

from pathlib import Path

from tests.fuzz import corrupt_data
from tests.fuzz.harness import problems, snapshot, with_command
from tests.fuzz.small_runs import flags, small

EXTENSIONS = [*corrupt_data.TABLES, ".tsv.gz", ".csv.xz"]
LABELLED, PAIRED = ("label", "text"), ("source", "target")
# The techniques that train on a kind of data, with options beyond those of their small run.
TRAINERS = {
    "labelled": [("rnn", {"task": "classify"}), ("transformer", {"shape": "encoder"}), ("tokenizer", {})],
    "paired": [("transformer", {"shape": "encoder-decoder"})],
    "raw": [("rnn", {}), ("transformer", {}), ("word2vec", {"min_count": 1}), ("tokenizer", {})],
    "images": [("cnn", {}), ("gan", {}), ("diffusion", {})],
}
RUNS = {"labelled": "rnn-predict", "paired": "transformer-pairs", "raw": "rnn", "images": "cnn"}


def training(random, kind, dataset):
    """Return the command that trains a small run on a data set."""
    technique, changes = random.choice(TRAINERS[kind])
    options = {**small(technique)[technique], **changes, "dataset": dataset, "out": "run"}
    if "steps" in options:
        options |= {"steps": 2, "max_time": 20}
    return ["train", technique, *flags(options)]


def test_a_row_stays_one_row_whatever_characters_its_cells_have(campaign):
    def run_case(random, sandbox):
        columns = random.choice([LABELLED, PAIRED])
        rows = corrupt_data.rows(random, columns)
        path = sandbox.work / f"table{random.choice(EXTENSIONS)}"
        corrupt_data.table(path, columns, rows)
        result = sandbox.run("data", "show", path.name, "--json")
        wrong = problems(result, {0})
        if not wrong:
            shown = result.objects()[0]
            count = sum((shown["documents"] if columns == LABELLED else shown["pairs"]).values())
            wrong += [f"{len(rows)} rows, found {count}"] if count != len(rows) else []
            classes = {label for label, _ in rows}
            if columns == LABELLED and set(shown["classes"]) != classes:
                wrong.append(f"the classes {classes}, found {shown['classes']}")
        return with_command(result, wrong)

    campaign(run_case, 60)


def test_a_corrupt_data_file_is_read_or_refused_with_one_error(campaign, runs):
    def run_case(random, sandbox):
        kind = random.choice(["labelled", "paired", "raw", "images", "images"])
        dataset, corruption = write_corrupt(random, sandbox.work, kind)
        wrong = []
        for words in (
            ["data", random.choice(["show", "check"]), dataset],
            random.choice(
                [training(random, kind, dataset), ["eval", str(runs.path(RUNS[kind])), "--dataset", dataset]]
            ),
        ):
            before = snapshot(sandbox.work)
            result = sandbox.run(*words)
            found = problems(result)
            if result.code == 3 and snapshot(sandbox.work) != before:
                found.append(f"refused, but it left {sorted(snapshot(sandbox.work).keys() - before.keys())[:5]}")
            if (sandbox.work / "pwned").exists():
                found.append("it ran code of the file")
            wrong += with_command(result, found)
        return [*corruption, *wrong] if wrong else []

    campaign(run_case, 50)


def write_corrupt(random, work: Path, kind):
    """Write a corrupt data set; return its name and descriptions of what is wrong with it."""
    if kind == "images" and random.random() < 0.5:
        path = work / "images.npz"
        return path.name, [corrupt_data.write_arrays(random, path)]
    if kind == "images":
        return random.choice(["folder:set", "set"]), corrupt_data.write_image_folder(random, work / "set")
    if kind == "raw":
        path = work / f"text{random.choice(['.txt', '.txt.gz', '.txt.xz', '.TXT'])}"
        text = "\n".join(text for _, text in corrupt_data.rows(random, LABELLED)) * 20
        corrupt_data.table(path, ("", ""), [("", text)])
    else:
        path = work / f"table{random.choice([*EXTENSIONS, '.TSV'])}"
        columns = LABELLED if kind == "labelled" else PAIRED
        corrupt_data.table(path, columns, corrupt_data.rows(random, columns))
    if random.random() < 0.25:
        return path.name, [corrupt_data.replace(random, path)]
    return path.name, [corrupt_data.corrupt(random, path) for _ in range(random.choice([1, 1, 3]))]


def test_every_input_has_one_answer_even_if_it_is_not_an_image(campaign, runs):
    def run_case(random, sandbox):
        corruption = corrupt_data.write_image_folder(random, sandbox.work / "set")
        files = [path for path in sorted((sandbox.work / "set").rglob("*.png")) if not path.is_dir()]
        names = [str(path.relative_to(sandbox.work)) for path in random.sample(files, 4)] + ["set/missing.png"]
        result = sandbox.run("predict", "cnn", "--run", runs.path("cnn"), *names, "--json")
        wrong = problems(result, {3})
        if not wrong and len(result.objects()) != len(names):
            wrong.append(f"{len(names)} inputs, {len(result.objects())} answers")
        return [*corruption, *with_command(result, wrong)] if wrong else []

    campaign(run_case, 20)
