"""Data files: rows with odd characters, damaged tables, archives and images, and files that are none."""

from pathlib import Path

from tests.fuzz import spoilt
from tests.fuzz.harness import faults, said, snapshot
from tests.fuzz.trained import flags, small

ENDINGS = [*spoilt.TABLES, ".tsv.gz", ".csv.xz"]
LABELLED, PAIRED = ("label", "text"), ("source", "target")
# What trains on a kind of data, with options beside those of the small run of the technique.
TRAINERS = {
    "labelled": [("rnn", {"task": "classify"}), ("transformer", {"shape": "encoder"}), ("tokenizer", {})],
    "paired": [("transformer", {"shape": "encoder-decoder"})],
    "raw": [("rnn", {}), ("transformer", {}), ("word2vec", {"min_count": 1}), ("tokenizer", {})],
    "images": [("cnn", {}), ("gan", {}), ("diffusion", {})],
}


def training(random, kind, dataset):
    """Return the words that train a small run on a data set."""
    technique, changes = random.choice(TRAINERS[kind])
    options = {**small(technique)[technique], **changes, "dataset": dataset, "out": "run"}
    if "steps" in options:
        options |= {"steps": 2, "max_time": 20}
    return ["train", technique, *flags(options)]


def test_a_row_is_a_row_whatever_characters_stand_in_its_cells(campaign):
    def attempt(random, place):
        columns = random.choice([LABELLED, PAIRED])
        rows = spoilt.rows(random, columns)
        path = place.work / f"table{random.choice(ENDINGS)}"
        spoilt.table(path, columns, rows)
        found = place.run("data", "show", path.name, "--json")
        wrong = faults(found, {0})
        if not wrong:
            told = found.answers()[0]
            count = sum((told["documents"] if columns == LABELLED else told["pairs"]).values())
            wrong += [f"{len(rows)} rows, found {count}"] if count != len(rows) else []
            classes = {label for label, _ in rows}
            if columns == LABELLED and set(told["classes"]) != classes:
                wrong.append(f"the classes {classes}, found {told['classes']}")
        return said(found, wrong)

    campaign(attempt, 200)


def test_a_hostile_data_file_is_refused_in_a_line_or_read(campaign, trained):
    def attempt(random, place):
        kind = random.choice(["labelled", "paired", "raw", "images", "images"])
        dataset, told = hostile(random, place.work, kind)
        wrong = []
        owner = {"labelled": "rnn-predict", "paired": "transformer-pairs", "raw": "rnn", "images": "cnn"}[kind]
        for words in (
            ["data", random.choice(["show", "check"]), dataset],
            random.choice([training(random, kind, dataset), ["eval", str(trained.path(owner)), "--dataset", dataset]]),
        ):
            before = snapshot(place.work)
            found = place.run(*words)
            each = faults(found)
            if found.code == 3 and snapshot(place.work) != before:
                each.append(f"refused, and yet left {sorted(snapshot(place.work).keys() - before.keys())[:5]}")
            if (place.work / "pwned").exists():
                each.append("it ran what the file holds")
            wrong += said(found, each)
        return [*told, *wrong] if wrong else []

    campaign(attempt, 120)


def hostile(random, work: Path, kind):
    """Write a data set with something wrong; return its name and what is."""
    if kind == "images" and random.random() < 0.5:
        path = work / "images.npz"
        told = spoilt.arrays(random, path)
        return path.name, [told]
    if kind == "images":
        return random.choice(["folder:set", "set"]), spoilt.pictures(random, work / "set", odd=True)
    if kind == "raw":
        path = work / f"text{random.choice(['.txt', '.txt.gz', '.txt.xz', '.TXT'])}"
        text = "\n".join(text for _, text in spoilt.rows(random, LABELLED)) * 20
        spoilt.table(path, ("", ""), [("", text)])
    else:
        path = work / f"table{random.choice([*ENDINGS, '.TSV'])}"
        columns = LABELLED if kind == "labelled" else PAIRED
        spoilt.table(path, columns, spoilt.rows(random, columns))
    if random.random() < 0.25:
        return path.name, [spoilt.replace(random, path)]
    return path.name, [spoilt.spoil(random, path) for _ in range(random.choice([1, 1, 3]))]


def test_an_input_that_is_no_image_is_answered_in_its_place(campaign, trained):
    def attempt(random, place):
        told = spoilt.pictures(random, place.work / "set", odd=True)
        files = [
            path for path in sorted((place.work / "set").rglob("*")) if not path.is_dir() and path.suffix == ".png"
        ]
        names = [str(path.relative_to(place.work)) for path in random.sample(files, 4)] + ["set/nowhere.png"]
        found = place.run("predict", "cnn", "--run", trained.path("cnn"), *names, "--json")
        wrong = faults(found, {3})
        if not wrong and len(found.answers()) != len(names):
            wrong.append(f"{len(names)} inputs, {len(found.answers())} answers")
        return [*told, *said(found, wrong)] if wrong else []

    campaign(attempt, 40)
