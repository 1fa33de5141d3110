"""The page that commands print on: what stays whole, what wraps, what is escaped, what is not printed."""

from __future__ import annotations

import json

import pytest

from routecore.cli.terminal import Column, Page, clean, json_text


@pytest.fixture
def page(monkeypatch, capsys):
    def make(width):
        monkeypatch.setenv("COLUMNS", str(width))
        made = Page()
        return made, lambda: capsys.readouterr().out

    return make


COLUMNS = [Column("id"), Column("figure", "right"), Column("words", wraps=True)]
ROWS = [["a-long-identifier", "1,234,567", "some words that wrap between words"], ["b", "2", "incomprehensibilities"]]


@pytest.mark.parametrize("width", [10, 30, 60, 80, 200])
def test_no_word_of_a_table_is_ever_cut(page, width):
    made, printed = page(width)
    made.table(COLUMNS, ROWS)
    words = printed().split()
    assert sorted(words) == sorted(["id", "figure", "words", *(word for row in ROWS for cell in row for word in cell.split())])


def test_a_table_fits_the_page_where_its_words_allow_it(page):
    made, printed = page(60)
    made.table(COLUMNS, ROWS)
    assert max(map(len, printed().splitlines())) <= 60


def test_lines_of_a_table_end_where_their_text_ends(page):
    made, printed = page(80)
    made.table(COLUMNS, ROWS)
    assert all(line == line.rstrip() for line in printed().splitlines())


def test_wide_characters_take_the_room_that_they_take(page):
    made, printed = page(80)
    made.table([Column("id"), Column("figure")], [["日本語", "1"], ["abcdef", "2"]])
    lines = printed().splitlines()
    assert lines[1].endswith("日本語  1")
    assert lines[2].endswith("abcdef  2")


def test_a_line_is_never_wrapped_and_a_paragraph_is_between_words(page):
    made, printed = page(20)
    made.line("x" * 50)
    assert printed() == "x" * 50 + "\n"
    made.paragraph("one two-three-four five-six-seven-eight-nine-ten", indent=2, hanging=4)
    assert printed().splitlines() == ["  one two-three-four", "    five-six-seven-eight-nine-ten"]


def test_a_fact_that_is_piped_stands_on_one_line(page):
    made, printed = page(20)
    made.fact("one two three four five six seven", indent=2)
    assert printed() == "  one two three four five six seven\n"


@pytest.mark.parametrize("text", ["\x1b]0;title\x07", "\x1b[2J", "a\rb", "a\x00b", "a\x9bb", "a\x7fb", "a\nerror: forged", "\u202egpj.exe", "\ud800"])
def test_control_characters_are_shown_and_not_sent(page, text):
    made, printed = page(80)
    made.line(text)
    made.table([Column("x")], [[text]])
    made.paragraph(text)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in printed().replace("\n", ""))
    assert clean(text) != text


@pytest.mark.parametrize("text", ["a\x9bb", "\u202egpj.exe", "\ud800", "\x7f"])
def test_json_escapes_what_drives_a_terminal_and_says_the_same(page, text):
    shown = json_text({text: [text]})
    assert shown.isascii()
    assert json.loads(shown) == {text: [text]}


def test_brackets_are_text_and_no_markup(page):
    made, printed = page(80)
    made.line("[bold]x[/bold] [fp8] :smile:")
    made.table([Column("[red]")], [["[/red]"]])
    assert printed().split() == ["[bold]x[/bold]", "[fp8]", ":smile:", "[red]", "[/red]"]
