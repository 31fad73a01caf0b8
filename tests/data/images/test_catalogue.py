from __future__ import annotations

import pytest

from dlcli.data.images import catalogue, sources
from dlcli.data.sources import builders
from dlcli.errors import DatasetError, UsageError


@pytest.mark.parametrize("name", catalogue.embedded())
def test_every_embedded_set_opens(name):
    assert len(catalogue.open(name, None, None, 2**30).splits) == 3


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("digit", "did you mean digits"),
        ("toys", "did you mean tfds:toy"),
        ("tfd:x", "must be digits, shapes, a .parquet file, a folder of save_to_disk, folder:PATH"),
    ],
)
def test_the_error_for_an_unknown_name_suggests_the_nearest(tmp_path, name, meant):
    (tmp_path / "toy" / "1.0.0").mkdir(parents=True)
    (tmp_path / "toy" / "1.0.0" / "features.json").write_text("{}")
    with pytest.raises(UsageError, match=meant):
        catalogue.open(name, tmp_path, None, 2**30)


def test_the_error_for_a_folder_suggests_the_prefix(tmp_path):
    with pytest.raises(UsageError, match=f"did you mean folder:{tmp_path}"):
        catalogue.open(str(tmp_path), None, None, 2**30)


def test_a_missing_file_is_named():
    with pytest.raises(DatasetError, match=r"none\.npz does not exist"):
        catalogue.open("none.npz", None, None, 2**30)


def test_a_new_source_is_one_file(tmp_path):
    (tmp_path / "blank.py").write_text(
        "from dlcli.data.images.builder import Builder\n"
        "BUILDER = Builder('blank', lambda name: name == 'blank', lambda name, options: (options.image_size, []),\n"
        "                  embedded={'blank': 'no images'})\n"
    )
    sources.__path__.append(str(tmp_path))
    builders.cache_clear()
    try:
        assert catalogue.embedded()["blank"] == "no images"
        assert catalogue.find("blank", None, 7, 0) == (7, [])
    finally:
        sources.__path__.remove(str(tmp_path))
        builders.cache_clear()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", "", "a.parquet cannot be read"),
        ("a.parquet", None, "a.parquet does not exist"),
        ("a.zip", None, "a.zip does not exist"),
        ("a.csv", "", "must be a table with the columns image and label"),
        ("a.csv", "text,label\nhello,x\n", "must be a table with the columns image and label"),
    ],
)
def test_a_table_without_images_is_an_error_of_the_data(name, content, message, tmp_path):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(DatasetError, match=message):
        catalogue.open(str(tmp_path / name), None, None, 2**30)
