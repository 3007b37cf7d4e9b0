# SPDX-License-Identifier: GPL-2.0
"""
Commands of dualtree_series:

    make PROJECT TREE OUT AUTHOR DATE VERSION    writes the patches; prints their paths
    readers REPORT                               prints Documentation/slow-readers.inc, from what a
                                                 guest of scripts/nic has said
"""
import subprocess
import sys
import tempfile
from pathlib import Path

from kernel_tree import Refusal, check_tree, release

from .commits import Repository
from .compat import Compat
from .letter import letter
from .patches import Series
from .readers import readers
from .rewrite import Rewriter


def named(tree):
    """The kernel that the series is against: its version, and the commit if git knows one."""
    base = "Linux " + ".".join(map(str, release(tree)))
    if not Path(tree, ".git").exists():
        return base
    said = subprocess.run(["git", "-C", tree, "rev-parse", "--short=12", "HEAD"], text=True,
                          capture_output=True, check=False)
    return base if said.returncode else f"{base} (commit {said.stdout.strip()})"


def make(project, tree, out, author, date, version):
    check_tree(tree)
    rewriter = Rewriter(project, Compat(project, tree))
    series = Series(project, tree, rewriter, author)
    base = named(tree)
    with tempfile.TemporaryDirectory(prefix="dualtree.") as where:
        repository = Repository(where, author, date)
        repository.commit(series.base(), f"{base}\n", sign=False)
        repository.git("tag", "base")
        for patch, files in series.patches():
            repository.commit(files, series.message(patch))
        for path in repository.patches(out, letter(project, rewriter, base), version):
            print(path)


def main():
    command, *words = sys.argv[1:]
    try:
        {"make": make, "readers": readers}[command](*words)
    except (Refusal, OSError) as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)


main()
