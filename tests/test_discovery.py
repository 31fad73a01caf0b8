"""Modules and names that are found by the files of a package."""

import pytest

from dlcli import discovery
from dlcli.plot import page, terminal


def test_each_chart_is_an_attribute_of_the_page_and_of_the_terminal():
    for name in discovery.names("dlcli.plot.charts"):
        module = name.replace("-", "_")
        assert getattr(page, module).__name__ == f"dlcli.plot.page.{module}"
        assert getattr(terminal, module).__name__ == f"dlcli.plot.terminal.{module}"


def test_a_name_without_a_file_is_no_attribute():
    with pytest.raises(AttributeError, match=r"'dlcli\.plot\.page' has no attribute 'nothing'"):
        page.nothing  # noqa: B018
