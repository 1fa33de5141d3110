"""Docstrings of what is public have one form: the effect first, then every argument, what is returned, and an example."""

from __future__ import annotations

import inspect
import re

import pytest

import routecore
import routecore.simulate

SECTION = re.compile(r"^(Args|Returns|Yields|Raises|Example|Examples|Attributes):$", re.MULTILINE)
ORDER = ["Attributes", "Args", "Returns", "Yields", "Raises", "Example", "Examples"]


def functions():
    for face in (routecore, routecore.simulate):
        for name in face.__all__:
            if inspect.isfunction(getattr(face, name)):
                yield f"{face.__name__}.{name}", getattr(face, name)


def classes():
    for face in (routecore, routecore.simulate):
        for name in face.__all__:
            if inspect.isclass(getattr(face, name)):
                yield f"{face.__name__}.{name}", getattr(face, name)


def methods():
    for name, one in classes():
        for key, value in vars(one).items():
            function = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
            if not key.startswith("_") and inspect.isfunction(function):
                yield f"{name}.{key}", function


def parameters(function):
    return [name for name in inspect.signature(function).parameters if name not in {"self", "cls"}]


def sections(function):
    """Return the docstring's sections by name, each a list of its lines; the text before them under ''."""
    parts = SECTION.split(inspect.getdoc(function) or "")
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def told(function):
    """Return the names that stand under Args."""
    return re.findall(r"^    \*{0,2}(\w+): \S", sections(function).get("Args", ""), re.MULTILINE)


@pytest.mark.parametrize(("name", "function"), list(functions()))
def test_a_function_tells_every_argument_what_it_returns_and_an_example(name, function):
    found = sections(function)
    assert told(function) == parameters(function), name
    assert "Returns" in found or "Yields" in found, name
    assert "Example" in found, name


@pytest.mark.parametrize(("name", "function"), [(name, one) for name, one in methods() if len(parameters(one)) > 1])
def test_a_method_of_several_arguments_tells_each(name, function):
    assert told(function) == parameters(function), name


@pytest.mark.parametrize(("name", "one"), [*functions(), *methods(), *classes()])
def test_a_docstring_says_first_in_a_sentence_what_there_is(name, one):
    first = sections(one)[""].strip().partition("\n\n")[0]
    assert first, name
    assert first[0].isupper() or first[0] in "`-", name
    assert first.rstrip().endswith((".", ":", "?")), (name, first)


@pytest.mark.parametrize(("name", "one"), [*functions(), *methods()])
def test_sections_stand_in_one_order_and_are_not_empty(name, one):
    found = [part for part in sections(one) if part]
    assert found == sorted(found, key=ORDER.index), name
    assert all(sections(one)[part].strip() for part in found), name


def test_the_help_of_every_public_name_can_be_read():
    for name, one in [*functions(), *classes()]:
        text = "\n".join(line for line in (inspect.getdoc(one) or "").splitlines())
        assert "object at 0x" not in text, name
        # what a signature shows of a default is what a reader could write
        assert "object at 0x" not in str(inspect.signature(one)) if inspect.isfunction(one) else True, name


@pytest.mark.parametrize(("name", "one"), [(name, one) for name, one in [*functions(), *methods()] if "Returns" in sections(one)])
def test_no_words_of_what_is_returned_are_taken_for_a_type(name, one):
    first = re.sub(r"``.*?``", "", sections(one)["Returns"].strip().splitlines()[0])
    assert ": " not in first, (name, first)
