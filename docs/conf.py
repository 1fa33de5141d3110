"""Sphinx settings. `make docs` builds with every warning an error; `tests/docs` runs the examples."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from routecore.version import VERSION

project = "routecore"
author = "The routecore maintainers"
copyright = "2026, the routecore maintainers"  # noqa: A001 - Sphinx's name for it
version = release = VERSION
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "tables", "pictures"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "_ext", "examples"]
html_theme = "furo"
html_title = "routecore"
html_static_path = ["_static"]
html_css_files = ["wide.css"]
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
html_show_sourcelink = False
napoleon_numpy_docstring = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
suppress_warnings = ["myst.xref_missing"] if "linkcheck" in sys.argv else []
