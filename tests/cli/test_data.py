"""`dlcli data` for images and for text."""

import json

import pytest
from PIL import Image

from dlcli.data import catalogue


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "set.tsv"
    path.write_text("label\ttext\n" + "".join(f"c{number % 2}\ttext {number}\n" for number in range(40)))
    return path


def test_every_embedded_set_is_listed(dlcli):
    code, out, _ = dlcli("data", "list", "--json")
    assert code == 0
    assert (
        {"digits", "pydocs", "dates", "ring"}
        <= set(catalogue.embedded())
        <= {each["name"] for each in json.loads(out)["datasets"]}
    )


def test_a_text_set_is_shown_by_class_with_its_characters(dlcli, table):
    code, out, _ = dlcli("data", "show", table, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["documents"] == {"train": 28, "validation": 4, "test": 8}
    assert sum(found["examples"]["train"]) == 28
    assert "characters" in dlcli("data", "show", table)[1]


def test_an_image_set_is_shown_by_class(dlcli):
    code, out, _ = dlcli("data", "show", "digits", "--json")
    assert code == 0
    assert json.loads(out)["image"] == [8, 8, 1]


def test_a_check_of_text_ends_with_the_number_of_problems(dlcli, table):
    assert dlcli("data", "check", table)[0] == 0
    table.write_text(table.read_text() + "c1\t\n")
    code, out, err = dlcli("data", "check", table)
    assert code == 3
    assert "must contain text, and is empty" in out
    assert "has 1 problem" in err


@pytest.mark.parametrize(("name", "meant"), [("pydoc", "pydocs"), ("digit", "digits")])
@pytest.mark.parametrize("verb", ["show", "check"])
def test_an_unknown_data_set_has_a_suggestion(dlcli, verb, name, meant):
    code, _, err = dlcli("data", verb, name)
    assert code == 2
    assert f"did you mean {meant}?" in err.replace("\n", " ")


def test_a_density_is_shown_by_its_modes(dlcli):
    code, out, _ = dlcli("data", "show", "ring", "--json")
    assert code == 0
    assert len(json.loads(out)["modes"]) == 8


def test_problems_are_one_json_object_with_exit_code_3(dlcli, table):
    table.write_text(table.read_text() + "c1\t\n")
    code, out, _ = dlcli("data", "check", table, "--json")
    assert code == 3
    assert json.loads(out)["problems"]


@pytest.fixture
def sums(tmp_path):
    path = tmp_path / "sums.tsv"
    path.write_text("source\ttarget\n" + "".join(f"{number}+1\t{number + 1}\n" for number in range(20)))
    return path


def test_pairs_are_shown_by_split_with_the_characters_of_both_sides(dlcli, sums):
    code, out, _ = dlcli("data", "show", sums, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["pairs"] == {"train": 14, "validation": 2, "test": 4}
    assert sum(found["characters"]["target"].values()) == sum(len(str(number + 1)) for number in range(20))


def test_a_pair_without_its_target_is_found(dlcli, sums):
    assert dlcli("data", "check", sums)[0] == 0
    sums.write_text(sums.read_text() + "20+1\t \n")
    code, out, _ = dlcli("data", "check", sums)
    assert code == 3
    assert "line 22" in out


def test_columns_have_the_given_names(dlcli, tmp_path):
    (tmp_path / "a.CSV").write_text("review;stars\n" + "".join(f"r{n};{n % 2}\n" for n in range(40)))
    columns = ("--text-column", "review", "--label-column", "stars")
    code, out, _ = dlcli("data", "show", "a.CSV", *columns, "--json")
    assert code == 0
    assert json.loads(out)["classes"] == ["0", "1"]
    assert dlcli("data", "check", "a.CSV", *columns)[0] == 0
    code, _, err = dlcli("data", "check", "a.CSV", "--text-column", "reviw")
    assert code == 3
    assert "did you mean 'review'" in err


def test_columns_of_another_kind_of_set_are_refused(dlcli, sums, table):
    assert dlcli("data", "show", table, "--source-column", "text", "--text-column", "text")[0] == 2
    code, _, err = dlcli("data", "show", "digits", "--label-column", "label")
    assert code == 2
    assert "--label-column needs a table of texts" in err
    assert dlcli("data", "show", sums, "--image-size", "8")[0] == 2


def test_a_check_names_the_modality(dlcli, sums, table):
    kinds = [json.loads(dlcli("data", "check", name, "--json")[1])["kind"] for name in (sums, table, "digits", "ring")]
    assert kinds == ["pairs", "text", "images", "points"]


def test_a_column_with_a_label_for_nearly_every_row_is_questioned(dlcli, tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"t{n},l{n}\n" for n in range(40)))
    assert "40 different labels in 40 rows" in dlcli("data", "show", "a.csv")[1]


def test_a_table_of_numbers_is_shown_with_its_columns(dlcli, tmp_path):
    (tmp_path / "set.csv").write_text(
        "\n".join(["age,bought", *(f"{n},{'yes' if n % 2 else 'no'}" for n in range(40))])
    )
    code, out, _ = dlcli("data", "show", "set.csv", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["kind"], found["task"], found["classes"]) == ("tabular", "classify", ["no", "yes"])
    assert sum(found["sizes"].values()) == 40


def test_bad_cells_of_a_table_are_listed_by_line_and_column(dlcli, tmp_path):
    (tmp_path / "set.csv").write_text("\n".join(["a,b,label", *(f"{n},{n},{n % 2}" for n in range(40)), "1,,0"]))
    code, out, _ = dlcli("data", "check", "set.csv")
    assert code == 3
    assert "line 42 of set.csv has no value in column 'b'" in out


def test_a_target_column_needs_pairs_or_numbers(dlcli):
    code, _, err = dlcli("data", "show", "digits", "--target-column", "x")
    assert code == 2
    assert "--target-column needs a table of pairs or numbers" in err


def test_unreadable_images_are_left_out_of_what_is_shown_on_request(dlcli, tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        for number in range(8):
            Image.new("L", (8, 8), 20 * number).save(tmp_path / name / f"{number}.png")
    (tmp_path / "a" / "0.png").write_bytes(b"no image")
    assert dlcli("data", "show", f"folder:{tmp_path}")[0] == 3
    code, out, _ = dlcli("data", "show", f"folder:{tmp_path}", "--skip-bad", "--json")
    assert code == 0
    assert sum(map(sum, json.loads(out)["examples"].values())) == 15
