from __future__ import annotations

import pytest

from dlcli.data.images import catalogue
from dlcli.errors import DatasetError, UsageError


@pytest.mark.parametrize("name", catalogue.embedded())
def test_every_embedded_set_opens(name):
    assert len(catalogue.open(name, None, None, 2**30).splits) == 3


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("digit", "did you mean digits"),
        ("toys", "did you mean tfds:toy"),
        ("tfd:x", "must be digits, folder:PATH, an .npz file, shapes or tfds:NAME"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(tmp_path, name, meant):
    (tmp_path / "toy" / "1.0.0").mkdir(parents=True)
    (tmp_path / "toy" / "1.0.0" / "features.json").write_text("{}")
    with pytest.raises(UsageError, match=meant):
        catalogue.open(name, tmp_path, None, 2**30)


def test_a_path_without_its_prefix_is_answered_with_it(tmp_path):
    with pytest.raises(UsageError, match=f"did you mean folder:{tmp_path}"):
        catalogue.open(str(tmp_path), None, None, 2**30)


def test_a_missing_file_is_named():
    with pytest.raises(DatasetError, match=r"none\.npz does not exist"):
        catalogue.open("none.npz", None, None, 2**30)
