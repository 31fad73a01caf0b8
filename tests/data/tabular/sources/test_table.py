import gzip

import numpy as np
import pytest

from dlcli.data.tabular import check
from dlcli.data.tabular.builder import ReadOptions
from dlcli.data.tabular.sources import table
from dlcli.errors import DatasetError

ROWS = [f"{n},{n / 2},{'yes' if n % 2 else 'no'}" for n in range(20)]


def read(folder, *lines, name="set.csv", **options):
    (folder / name).write_text("\n".join(lines) + "\n")
    return table.read(str(folder / name), ReadOptions(**options))


def test_the_last_column_is_the_target(tmp_path):
    found, problems = read(tmp_path, "a,b,c", *ROWS)
    assert (found.features, found.target, problems) == (("a", "b"), "c", [])
    assert found.parts["train"].features[3].tolist() == [3, 1.5]
    assert found.parts["train"].target[3] == "yes"


@pytest.mark.parametrize("name", ["target", "Label"])
def test_a_column_with_the_usual_name_is_the_target(name, tmp_path):
    found, _ = read(tmp_path, f"a,{name},c", *(f"{n},{n / 2},{n * n}" for n in range(9)))
    assert (found.features, found.target) == (("a", "c"), name)


def test_an_option_names_the_target(tmp_path):
    assert read(tmp_path, "a,b,c", *(f"{n},{n},{n}" for n in range(9)), target_column="B")[0].features == ("a", "c")


def test_an_unknown_target_has_the_nearest_name(tmp_path):
    with pytest.raises(DatasetError, match="must have the column 'prize', found 'price', 'c'; did you mean 'price'"):
        read(tmp_path, "price,c", "1,2", target_column="prize")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_decides_the_delimiter(delimiter, tmp_path):
    found, problems = read(tmp_path, *(line.replace(",", delimiter) for line in ("a,b,c", *ROWS)))
    assert (found.features, problems) == (("a", "b"), [])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,,no", "line 4 of {} has no value in column 'b'"),
        ("NA,1,no", "line 4 of {} has no value in column 'a'"),
        ("1,?,no", "line 4 of {} has no value in column 'b'"),
        ("1,x,no", "line 4 of {} must have a number in column 'b', found 'x'"),
        ("inf,1,no", "line 4 of {} must have a number in column 'a', found 'inf'"),
        ("1,1_0,no", "line 4 of {} must have a number in column 'b', found '1_0'"),
        ('1,"1,5",no', "line 4 of {} must have a number in column 'b', found '1,5': write a decimal point"),
        ("1,2,", "line 4 of {} has no value in column 'c'"),
        ("1,2", "line 4 of {} must have 3 columns, and has 2"),
    ],
)
def test_a_bad_cell_is_reported_by_line_and_column(row, message, tmp_path):
    found, problems = read(tmp_path, "a,b,c", *ROWS[:2], row, *ROWS[2:])
    assert [each.message for each in problems] == [message.format(tmp_path / "set.csv")]
    assert all(each.skippable for each in problems)
    assert len(found.parts["train"].target) == len(ROWS)


def test_a_column_of_texts_is_refused_once(tmp_path):
    _, problems = read(tmp_path, "sex,b,c", *(f"male,{row}" for row in ["1,yes", "2,no"] * 5))
    assert len(problems) == 1
    assert "column 'sex'" in problems[0].message
    assert "such as 'male' in line 2: encode it as numbers" in problems[0].message


def test_a_column_without_a_name_is_left_out_with_a_note(tmp_path):
    found, problems = read(tmp_path, ",a,c", *(f"{n},{n},{n % 2}" for n in range(9)))
    assert found.features == ("a",)
    assert [each.harmless for each in problems] == [True]


def test_a_table_without_a_header_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"must name the columns, found the number 5\.1"):
        read(tmp_path, "5.1,3.5,setosa", "4.9,3.0,setosa")


def test_repeated_names_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="found twice: 'a'"):
        read(tmp_path, "a,a,c", *ROWS)


def test_a_compressed_table_is_read(tmp_path):
    (tmp_path / "set.csv.gz").write_bytes(gzip.compress("\n".join(["a,b,c", *ROWS]).encode()))
    assert table.matches(str(tmp_path / "set.csv.gz"))
    assert len(table.read(str(tmp_path / "set.csv.gz"), ReadOptions())[0].parts["train"].target) == len(ROWS)


@pytest.mark.parametrize("text", ["", "a,b\n", "\n\n"])
def test_a_table_without_rows_is_refused(text, tmp_path):
    (tmp_path / "set.csv").write_text(text)
    with pytest.raises(DatasetError, match="at least one row"):
        table.read(str(tmp_path / "set.csv"), ReadOptions())


def test_rows_of_numbers_keep_every_digit(tmp_path):
    found, _ = read(tmp_path, "a,b", *("0.1234567890123456,1" for _ in range(3)))
    assert found.parts["train"].features.dtype == np.float64
    assert found.parts["train"].features[0, 0] == 0.1234567890123456


def test_a_check_reports_a_constant_column_and_equal_rows_as_notes(tmp_path):
    read(tmp_path, "a,b,c", *(f"1,{n % 3},{n % 3}" for n in range(60)))
    found = check.check(str(tmp_path / "set.csv"))
    assert {each.kind for each in found} == {"columns", "duplicate"}
    assert all(each.harmless for each in found)
