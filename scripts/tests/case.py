# SPDX-License-Identifier: GPL-2.0
"""What the tests of commands have in common: a directory, and a command run as scripts run it."""
import argparse
import contextlib
import io
import tempfile
import unittest
from pathlib import Path
from types import ModuleType
from unittest import mock

from dualtree_report import plot
from dualtree_report.__main__ import declare


class CommandCase(unittest.TestCase):
    """A test with a directory of its own, in which nothing is drawn."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name)
        # File name -> gnuplot's commands.
        self.plots: dict[str, str] = {}
        patch = mock.patch.object(
            plot, "draw", lambda path, title, commands: self.plots.update({path.name: commands}))
        patch.start()
        self.addCleanup(mock.patch.stopall)

    def write(self, name: str, text: str) -> str:
        """Write a file; return its path."""
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)

    def read(self, name: str) -> list[str]:
        return (self.out / name).read_text(encoding="utf-8").splitlines()

    def command(self, module: ModuleType, *words: str) -> tuple[int, list[str]]:
        """Run a command; return its status, and the lines that it printed, without blanks at the
        end."""
        parser = argparse.ArgumentParser()
        declare(parser, module)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            status = module.run(parser.parse_args(words))
        return status or 0, [line.rstrip() for line in printed.getvalue().splitlines()]
