"""The library's version, on its own so that everything may name it."""

from typing import Final

VERSION: Final = "0.1.0"
