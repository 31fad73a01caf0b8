import pytest

from dlcli.cli.throughput import Throughput


def test_an_even_pace_gives_its_rate_and_the_time_left():
    throughput = Throughput(0.0, 100)
    for step in range(101, 121):
        throughput.at((step - 100) * 0.5, step)
    assert throughput.rate == pytest.approx(2.0)
    assert throughput.left(10.0, 220) == pytest.approx(50.0)
    assert throughput.left(15.0, 220) == pytest.approx(45.0)  # it falls with the clock, between two steps too


def test_there_is_no_rate_before_the_first_step():
    throughput = Throughput(0.0, 0)
    assert throughput.rate is None
    assert throughput.left(5.0, 10) is None


def test_a_compilation_counts_neither_for_the_rate_nor_for_the_time_left():
    throughput = Throughput(0.0, 0)
    throughput.resume(60.0, once=True)
    for step in range(1, 11):
        throughput.at(60.0 + step, step)
    assert throughput.rate == pytest.approx(1.0)
    assert throughput.left(70.0, 20) == pytest.approx(10.0)


def test_validations_count_for_the_time_left_alone():
    throughput = Throughput(0.0, 0)
    now = 0.0
    for step in range(1, 11):
        throughput.at(now := now + 1.0, step)
        throughput.resume(now := now + 1.0)
    assert throughput.rate == pytest.approx(1.0)
    assert throughput.left(now, 20) == pytest.approx(20.0, rel=0.1)


def test_the_rate_follows_a_change_within_seconds():
    throughput = Throughput(0.0, 0)
    for step in range(1, 101):
        throughput.at(float(step), step)
    for more in range(1, 21):
        throughput.at(100.0 + 2 * more, 100 + more)
    assert throughput.rate == pytest.approx(0.5, rel=0.1)
