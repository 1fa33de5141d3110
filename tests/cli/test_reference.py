"""The reference of the command line names what there is, and every command helps with an example."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from routecore.cli import app
from tests.cli.command_line import run

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")


def commands(group=app.main, path=("routecore",)):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_every_option_of_every_command_is_in_its_section_of_the_reference(name, command):
    section = PAGE.partition(f"\n## `{name}`\n")[2].partition("\n## ")[0]
    for option in command.params:
        if isinstance(option, click.Option):
            assert any(f"`{text}" in section or f" {text}" in section for text in (*option.opts, *option.secondary_opts)), (name, option.opts)


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_help_ends_with_an_example_that_calls_the_command(name):
    shown = run(*name.split()[1:], "--help")
    assert shown.code == 0
    examples = re.findall(r"(?:Example: |^    )(routecore .*)$", shown.out, re.MULTILINE)
    assert examples
    for example in examples:
        words = shlex.split(example)[1:]
        assert " ".join(["routecore", *words]).startswith(name)


@pytest.mark.parametrize("line", [line.removeprefix("$ ") for line in PAGE.splitlines() if line.startswith("$ ")])
def test_every_call_of_the_reference_is_one_that_the_command_line_understands(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # the files do not exist, which is told as such; a wrong option would be a wrong call
    done = run(*shlex.split(line)[1:])
    assert done.code in {0, 2}
    assert "Usage:" not in done.err


def test_every_exit_code_is_in_the_reference():
    table = PAGE.partition("| exit code |")[2].partition("\n\n")[0]
    for code in (0, 1, 2, 3, app.EXIT_BUG, app.EXIT_OUTPUT, app.EXIT_INTERRUPTED, app.EXIT_PIPE):
        assert f"\n| {code} |" in table


def test_the_help_without_a_command_lists_them_all():
    out = run().out
    for name in app.COMMANDS:
        assert f"\n  {name} " in out
