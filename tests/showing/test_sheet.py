"""Sheets: whatever a file holds, what is set is lines of harmless text, every word whole; the same calls make HTML that shows the same words."""

from __future__ import annotations

import re
from html import unescape
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore.showing.html import HtmlSheet, View
from routecore.showing.sheet import Column, Sheet, cell_len, clean

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
HARMFUL = {"Cc", "Cs", "Zl", "Zp"}
TURNING = [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C]


@pytest.mark.laws
@given(ANY_TEXT)
def test_clean_text_drives_no_terminal_and_can_be_written(text):
    shown = clean(text)
    assert not any(category(char) in HARMFUL or ord(char) in TURNING for char in shown)
    shown.encode("utf-8")


@pytest.mark.laws
@given(st.text(st.characters(categories=("L", "N", "P", "S")), max_size=30))
def test_letters_figures_and_signs_of_any_language_stay_as_they_are(text):
    assert clean(text) == text


@pytest.mark.laws
@given(ANY_TEXT, st.integers(1, 120))
def test_a_line_of_a_file_is_one_line_of_the_sheet(text, width):
    sheet = Sheet(width)
    sheet.line(text)
    sheet.table([Column("x")], [[text], ["end"]])
    assert len(str(sheet).split("\n")) == len(sheet.lines) == 4


@pytest.mark.laws
@given(st.lists(st.lists(ANY_TEXT, min_size=3, max_size=3), max_size=4), st.integers(1, 120))
def test_every_word_of_a_table_stays_whole_at_any_width(rows, width):
    sheet = Sheet(width)
    sheet.table([Column("a"), Column("b", "right"), Column("c", wraps=True)], rows)
    words = str(sheet).split()
    assert sorted(words) == sorted(["a", "b", "c", *(word for row in rows for cell in row for word in clean(cell).split())])


@pytest.mark.parametrize("char", [chr(code) for code in TURNING])
def test_marks_that_turn_the_direction_of_text_are_shown_as_escapes(char):
    assert clean(f"a{char}b") == f"a\\u{ord(char):04x}b"


def test_figures_are_aligned_to_the_right_and_lines_end_with_their_text():
    sheet = Sheet()
    sheet.table([Column("id"), Column("USD", "right"), Column("note")], [["a", "1.5", ""], ["b", "10.5", "x"]])
    assert sheet.lines == ["  id   USD  note", "  a    1.5", "  b   10.5  x"]


def test_wide_characters_take_two_columns_and_combining_marks_none():
    assert (cell_len("日本"), cell_len("e\u0301"), cell_len("ü")) == (4, 1, 1)


def test_a_table_fits_where_its_widest_line_does():
    columns, rows = [Column("id"), Column("n", "right")], [["abcdef", "12"]]
    assert Sheet(12).fits(columns, rows)
    assert not Sheet(11).fits(columns, rows)


def test_html_escapes_what_a_file_holds_and_shows_the_same_words():
    def show(sheet):
        sheet.heading("<h>")
        sheet.rule("&amp;")
        sheet.paragraph("one <b>two</b>", indent=2, hanging=4)
        sheet.pairs([("<k>", '"v"')])
        sheet.table([Column("<c>"), Column("n", "right")], [["<script>", "1"]], bold=[0])

    made, plain = HtmlSheet(), Sheet()
    show(made)
    show(plain)
    assert not re.search(r"<(?:script|b|h|k|c)>", str(made))
    words = unescape(re.sub(r"<[^>]*>", " ", str(made))).split()
    assert words == [word for word in str(plain).replace("─", " ").split()]


def test_a_view_is_text_where_it_is_echoed_and_html_in_a_notebook():
    view = View(lambda sheet: sheet.line("a < b"))
    assert repr(view) == str(view) == "a < b"
    assert "a &lt; b" in view._repr_html_()
