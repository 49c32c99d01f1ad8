"""What a program gets by ``import chaoscli``: little, until it asks for something."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import chaoscli


def test_importing_the_package_imports_nothing_of_weight() -> None:
    code = "import sys, chaoscli; print([name for name in ('trio', 'pydantic', 'rich', 'yaml') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("name", chaoscli.__all__)
def test_what_is_public_is_there_and_says_what_it_is(name: str) -> None:
    found = getattr(chaoscli, name)
    assert found.__doc__
    assert name in dir(chaoscli)


def test_type_checkers_of_others_read_its_types() -> None:
    assert (Path(chaoscli.__file__).parent / "py.typed").is_file()


def test_a_name_that_is_none_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'chaoscli' has no attribute 'plaground'"):
        _ = chaoscli.plaground


def test_the_function_stays_a_function_whatever_was_imported_before() -> None:
    import chaoscli.python.playgrounds

    assert callable(chaoscli.playground)
    assert chaoscli.playground is chaoscli.python.playgrounds.playground
