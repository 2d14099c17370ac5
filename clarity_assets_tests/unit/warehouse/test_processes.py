"""Command lines in error messages: short, and without secrets."""

import os

import pytest

from clarity_assets.warehouse.processes import LONGEST_COMMAND, command_of, own_command, short_command


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        (["/usr/bin/python3", "-m", "dagster", "run"], "python3 -m dagster run"),
        (["python", "-c", "token = 'abc'; run()"], "python -c …"),
        (["duckdb", "/srv/warehouses/of/the/whole/company/clarity.duckdb"], "duckdb …/clarity.duckdb"),
        (["tool", "--token", "abc", "--token=abc", "API_KEY=abc", "go"], "tool --token … --token=… API_KEY=… go"),
        (["tool", "eyJhbGciOi", "postgres://me:abc@host/db"], "tool … postgres://…@host/db"),
        (["tool", "4f1d" * 16], "tool 4f1d4f1d4f1d4f1…"),
        (["tool", "two\nlines"], "tool two lines"),
        ([], ""),
    ],
)
def test_a_command_line_is_shortened_and_keeps_its_secrets(argv, command):
    assert short_command(argv) == command


def test_a_command_line_of_many_words_is_cut():
    assert len(short_command(["tool", *["word"] * 1000])) == LONGEST_COMMAND


def test_a_living_process_is_told_and_a_dead_one_is_none():
    assert command_of(os.getpid()) == own_command()
    assert command_of(2**22 + 1) is None  # above the highest pid of Linux
