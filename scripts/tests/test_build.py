# SPDX-License-Identifier: GPL-2.0
"""Tests of what lib/build.sh does with the sources."""
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

LIB = Path(__file__).resolve().parent.parent / "lib"


class Sources(unittest.TestCase):
    """The copy that is built."""

    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.tree, self.copy = (Path(self.folder.name) / name for name in ("tree", "copy"))
        self.tree.mkdir()
        subprocess.run(["git", "init", "-q", self.tree], check=True)

    def tearDown(self) -> None:
        self.folder.cleanup()

    def sync(self) -> None:
        subprocess.run(["bash", "-c", f'. "{LIB}/build.sh"; sync_sources "$@"', "sync", self.tree,
                        self.copy], check=True)

    def test_gone(self) -> None:
        for name in ("stays.c", "goes.c"):
            (self.tree / name).write_text(name)
        self.sync()
        (self.tree / "goes.c").unlink()
        self.sync()
        self.assertEqual([path.name for path in self.copy.iterdir()], ["stays.c"])

    def test_edited_during_a_build(self) -> None:
        source, copied = self.tree / "a.c", self.copy / "a.c"
        source.write_text("old")
        self.sync()
        before = copied.stat().st_mtime_ns
        source.write_text("new")
        os.utime(source, ns=(0, before))
        self.sync()
        self.assertEqual(copied.read_text(), "new")
        self.assertGreater(copied.stat().st_mtime_ns, before)
        # What is as it was is not built again.
        after = copied.stat().st_mtime_ns
        source.touch()
        self.sync()
        self.assertEqual(copied.stat().st_mtime_ns, after)
