# SPDX-License-Identifier: GPL-2.0
"""
What Sphinx makes HTML of these pages with; ./scripts/check doc runs it.

The kernel-doc directive and the links from a call's name to its description are the kernel's own
extensions, of the source that the environment variable KERNEL_SRC names.
"""
import os
import re
import sys
from pathlib import Path

KERNEL_SRC = os.environ["KERNEL_SRC"]
PROJECT = os.path.dirname(os.path.abspath(os.path.dirname(__file__)))
sys.path.insert(0, os.path.join(KERNEL_SRC, "Documentation", "sphinx"))

# pylint: disable=wrong-import-position,import-error
import kerneldoc  # noqa: E402


def version_of_header():
    """The version is written in one place, which is a header."""
    header = Path(PROJECT, "include/dualtree/version.h").read_text(encoding="utf-8")
    return re.search(r'DUALTREE_VERSION "(.*)"', header)[1]


project = "dualtree"
author = "dualtree developers"
copyright = author  # pylint: disable=redefined-builtin
version = release = version_of_header()
extensions = ["automarkup"]
primary_domain = "c"
highlight_language = "none"
html_theme = "alabaster"
html_theme_options = {
    "page_width": "70em",
    "sidebar_width": "15em",
    "font_size": "15px",
    "description": f"version {version}",
    "fixed_sidebar": True,
}
html_sidebars = {"**": ["about.html", "navigation.html", "searchbox.html"]}
html_static_path = ["static"]
html_copy_source = False
html_show_copyright = False

kerneldoc_bin = os.path.join(KERNEL_SRC, "scripts", "kernel-doc")
kerneldoc_srctree = PROJECT
kerneldoc_verbosity = 1


class KernelDoc(kerneldoc.KernelDocDirective):
    """The kernel's directive, with constants as such: it shows them as calls without arguments."""

    def do_parse(self, result, node):
        name = None
        index = 0
        while index < len(result):
            line = result[index]
            macro = re.match(r"\.\. c:macro:: (\w+)$", line)
            if line.startswith(".. c:"):
                name = macro and macro.group(1)
            if name and (line == f"``{name} ()``" or line == "**Parameters**"):
                del result[index]
                if line == "**Parameters**":
                    name = None
            else:
                index += 1
        super().do_parse(result, node)


def setup(app):
    """Called by Sphinx."""
    kerneldoc.setup(app)
    app.add_directive("kernel-doc", KernelDoc, override=True)
