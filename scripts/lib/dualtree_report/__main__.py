# SPDX-License-Identifier: GPL-2.0
"""Make tables, plots and results of what guests report. The scripts call it (lib/python.sh)."""
import argparse
import importlib
import sys
from pathlib import Path
from types import ModuleType

COMMANDS = ("compare", "cost", "curve", "day", "footprint", "native", "record", "remote", "scale",
            "streams", "summary")


def declare(parser: argparse.ArgumentParser, module: ModuleType) -> None:
    """Declare what run() of a command takes: a directory, and what its module says."""
    parser.add_argument("out", type=Path, help="the directory for results")
    for name, options in module.ARGUMENTS.items():
        parser.add_argument(name, **options)


def main() -> int:
    """Run the command that is named."""
    parser = argparse.ArgumentParser(prog="dualtree_report", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = importlib.import_module(f".{name}", __package__)
        text = module.__doc__ or ""
        command = commands.add_parser(name, help=text.splitlines()[0], description=text)
        declare(command, module)
        command.set_defaults(run=module.run)
    args = parser.parse_args()
    return args.run(args) or 0


if __name__ == "__main__":
    sys.exit(main())
