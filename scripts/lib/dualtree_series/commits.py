# SPDX-License-Identifier: GPL-2.0
"""
The files as commits of a repository that is made for them, and these as patches. Neither the
kernel's tree nor any git history of it is needed.
"""
import os
import subprocess
from pathlib import Path

from kernel_tree import Refusal, replace


class Repository:
    """A git repository in an empty directory."""

    def __init__(self, where, author, date):
        name, _, mail = author.rstrip(">").partition(" <")
        if not mail:
            raise Refusal(f"an author is \"Name <address>\", and not {author}")
        self.where = where
        # Nothing of the person's own configuration but who it is.
        self.environment = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1")
        for who in ("AUTHOR", "COMMITTER"):
            self.environment.update({f"GIT_{who}_NAME": name, f"GIT_{who}_EMAIL": mail,
                                     f"GIT_{who}_DATE": date})
        self.written = {}
        self.git("init", "-q", "-b", "series")

    def git(self, *words, text=None):
        done = subprocess.run(["git", "-C", self.where, *words], input=text, text=True,
                              capture_output=True, check=False, env=self.environment)
        if done.returncode:
            raise Refusal(f"git {words[0]}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def commit(self, files, message, sign=True):
        """All files as they are after a commit; those that have not changed are not written."""
        for place, text in files.items():
            if self.written.get(place) != text:
                replace(Path(self.where, place), text.encode())
        self.written = dict(files)
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "-F", "-", *(["-s"] if sign else []), text=message)

    def patches(self, out, letter, version):
        """Write the patches, and the cover letter, whose first line is its subject."""
        Path(out).mkdir(parents=True, exist_ok=True)
        for old in Path(out).glob("[0-9][0-9][0-9][0-9]-*.patch"):
            old.unlink()
        self.git("config", "branch.series.description", letter)
        self.git("format-patch", "-q", "--cover-letter", "-M", "-o",
                 os.path.abspath(out), "--cover-from-description=subject",
                 f"--signature=dualtree {version}", "--stat=75", "base..series")
        return sorted(Path(out).glob("[0-9][0-9][0-9][0-9]-*.patch"))
