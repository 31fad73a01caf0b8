"""Images inside archives, shards and tables, and named by manifests, are those of a folder of files."""

import io
import itertools
import json
import tarfile
import zipfile
from contextlib import closing

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dlcli.data import catalogue as data_sets
from dlcli.data.images import catalogue, loader
from dlcli.data.images.check import check
from dlcli.data.problems import Malformed
from dlcli.errors import DatasetError
from dlcli.interface import WHOLE, Share
from dlcli.notices import Notice


def files(classes):
    """The path and the class of each image, in alphabetical order."""
    return [(path, path.parent.name) for path in sorted(classes.glob("*/*.png"))]


def zipped(classes, target):
    target = target / "set.zip"
    with zipfile.ZipFile(target, "w") as file:
        for path, label in files(classes):
            file.write(path, f"pets/{label}/{path.name}")
    return target


def tarred(classes, target):
    target.mkdir()
    examples = files(classes)
    for shard in range(2):
        with tarfile.open(target / f"{shard:03d}.tar", "w") as file:
            for number, (path, label) in list(enumerate(examples))[shard::2]:
                add(file, f"{number:04d}.png", path.read_bytes())
                if shard:
                    add(file, f"{number:04d}.json", json.dumps({"label": label}).encode())
                else:
                    add(file, f"{number:04d}.cls", label.encode())
    return target


def add(file, name, data):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    file.addfile(member, io.BytesIO(data))


def listed(classes, target):
    target = classes.parent / "list.csv"
    rows = [f'"{classes.name}/{label}/{path.name}",{label}' for path, label in files(classes)]
    target.write_text("\n".join(["image,label", *rows, ""]))
    return target


def table(classes):
    """A table as Hugging Face stores it: bytes and path, numbers with names in the metadata."""
    images = pa.array([{"bytes": path.read_bytes(), "path": path.name} for path, _ in files(classes)])
    names = ["cat", "dog"]
    features = {"label": {"names": names, "_type": "ClassLabel"}, "image": {"_type": "Image"}}
    found = pa.table({"image": images, "label": [names.index(label) for _, label in files(classes)]})
    return found.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def parquet(classes, target):
    target = target / "set.parquet"
    pq.write_table(table(classes), target, row_group_size=7)
    return target


def saved_to_disk(classes, target):
    target.mkdir()
    (target / "state.json").write_text("{}")
    whole = table(classes)
    for number, part in enumerate((whole[:9], whole[9:])):
        name = target / f"data-{number:05d}-of-00002.arrow"
        with pa.ipc.new_stream(str(name), whole.schema) as writer:
            writer.write_table(part, max_chunksize=4)
    return target


FORMATS = {each.__name__: each for each in (zipped, tarred, listed, parquet, saved_to_disk)}


@pytest.fixture(params=FORMATS)
def made(request, classes, tmp_path):
    """A data set of the images of a folder in one of the formats."""
    target = tmp_path / "made"
    if request.param in ("zipped", "parquet"):
        target.mkdir()
    return str(FORMATS[request.param](classes, target))


def opened(dataset, memory_limit=2**30):
    return catalogue.open(str(dataset), None, None, memory_limit)


def contents(images):
    """The pixels and the class of all images of all splits, in some fixed order."""
    found = []
    for split in images.splits.values():
        pixels = split.images(np.arange(len(split)))
        found += [(images.classes[label], each.tobytes()) for label, each in zip(split.labels, pixels, strict=True)]
    return sorted(found)


def test_every_format_has_the_images_of_the_folder(made, classes):
    assert data_sets.modality(made, None) == "images"
    assert contents(opened(made)) == contents(opened(f"folder:{classes}"))


def test_streamed_images_are_those_in_memory(made):
    here, streamed = opened(made), opened(made, memory_limit=0)
    assert not streamed.splits["train"].resident
    order = np.random.default_rng(0).permutation(len(here.splits["train"]))
    assert (here.splits["train"].images(order) == streamed.splits["train"].images(order)).all()


def batches_from(dataset, step, share=WHOLE):
    """The first batches of 4 from a step on, streamed from the files of a set."""
    train = opened(dataset, memory_limit=0).splits["train"]
    with closing(loader.train_from(train, 4, 7, step, share)) as found:
        return [{name: np.asarray(rows) for name, rows in batch.items()} for batch in itertools.islice(found, 3)]


def same(one, other):
    return all((left[name] == right[name]).all() for left, right in zip(one, other, strict=True) for name in left)


def test_the_order_of_every_format_depends_on_the_seed_and_the_step_alone(made):
    whole = batches_from(made, 0)
    assert same(whole, batches_from(made, 0))
    assert same(whole[2:], batches_from(made, 2)[:1])  # as a run that is resumed within an epoch


def test_the_shares_of_two_processes_make_up_the_batch_of_every_format(made):
    whole = batches_from(made, 0)
    halves = [batches_from(made, 0, Share(index, 2)) for index in range(2)]
    for batch, first, second in zip(whole, *halves, strict=True):
        assert len(first["label"]) == 2
        assert all((np.concatenate([first[name], second[name]]) == batch[name]).all() for name in batch)


def test_every_format_is_checked(made):
    assert not [each for each in check(made, None, None) if not each.harmless and each.kind != "duplicate"]


def test_a_network_trains_on_shards(classes, tmp_path, dlcli):
    shards = tarred(classes, tmp_path / "shards")
    small = ["--steps", 2, "--batch-size", 4, "--channels", 2, "--hidden", 2]
    assert dlcli("train", "cnn", "--dataset", shards, *small, "--out", "run")[0] == 0
    assert dlcli("eval", "run")[0] == 0


def test_other_files_of_a_zip_file_are_skipped_with_a_warning(classes, tmp_path):
    path = zipped(classes, tmp_path)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("pets/README", "about")
        file.writestr("__MACOSX/pets/._cat.png", "")
    with pytest.warns(Notice, match="README is not an image: skipped"):
        opened(path)


def test_splits_of_a_zip_file_are_used(classes, tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as file:
        for number, (path, label) in enumerate(files(classes)):
            split = ("train", "train", "valid", "test")[number % 4]
            file.write(path, f"{split}/{label}/{path.name}")
    images = opened(tmp_path / "set.zip")
    count = len(files(classes))
    assert {name: len(split) for name, split in images.splits.items()} == {
        "train": count // 2,
        "validation": count // 4,
        "test": count // 4,
    }


def test_the_splits_of_a_manifest_are_used(classes):
    rows = [
        f"{label}/{path.name};{label};{'test' if n % 3 else 'train'}" for n, (path, label) in enumerate(files(classes))
    ]
    (classes / "list.csv").write_text("\n".join(["Image;Label;Split", *rows]))
    images = opened(classes / "list.csv")
    assert len(images.splits["test"]) == sum(row.endswith("test") for row in rows)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("../secret.png,cat", "the path of an image in the folder"),
        ("/etc/passwd,cat", "the path of an image in the folder"),
        ("a.png,", "a label"),
        ("a.png", "as many columns"),
    ],
)
def test_a_wrong_row_of_a_manifest_is_named(tmp_path, row, message):
    (tmp_path / "list.csv").write_text(f"image,label\n{row}\n")
    with pytest.raises(Malformed, match=f"line 2 of .* must have {message}"):
        opened(tmp_path / "list.csv")


def test_an_image_that_is_missing_is_found_by_check(classes):
    path = listed(classes, None)
    path.write_text(path.read_text() + "pets/cat/nothing.png,cat\n")
    assert "undecodable" in {each.kind for each in check(str(path), None, None)}


def test_damaged_files_are_one_line(tmp_path):
    for name in ("set.zip", "set.tar", "set.parquet"):
        (tmp_path / name).write_bytes(b"not an archive at all")
    for name in ("set.zip", "set.tar"):
        with pytest.raises(DatasetError, match="cannot be read as a"):
            opened(tmp_path / name)
    with pytest.raises(DatasetError, match="cannot be read as a table"):
        data_sets.text.open_texts(str(tmp_path / "set.parquet"))


def test_a_compressed_shard_is_refused_with_a_hint(classes, tmp_path):
    with tarfile.open(tmp_path / "set.tar", "w:gz") as file:
        add(file, "a.png", b"x" * 1000)
    with pytest.raises(DatasetError) as found:
        opened(tmp_path / "set.tar")
    assert "cannot be read as a tar file" in str(found.value)


def test_a_truncated_shard_is_found_by_check(classes, tmp_path):
    shards = tarred(classes, tmp_path / "shards")
    whole = (shards / "001.tar").read_bytes()
    (shards / "001.tar").write_bytes(whole[: len(whole) // 2])
    try:
        found = check(str(shards), None, None)
    except DatasetError:
        return
    assert found
