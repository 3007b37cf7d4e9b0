# SPDX-License-Identifier: GPL-2.0
"""What scripts/demo --relay --loopback makes of a run: the relay unloaded amid traffic.

    loopback DIR ROUNDS

ROUNDS is how often it is unloaded. Prints the report, if the guest came to its end, and leaves in
failures.txt what does not hold: at the end all memory is back, however the module was unloaded.
"""
from pathlib import Path

from .relay import HARMLESS, MODULES, reported, require_values, show_end, show_said, show_traffic
from .stats import Run


def judge_unloadings(run: Run, rounds: int) -> None:
    """Require that traffic flowed and everything came back, each time."""
    said = reported(run, "unloaded")
    for words in said:
        run.require(words.endswith(" bad_frees 0"), f"unloaded amid traffic: {words}")
        run.require(" tags 0 " not in words, f"unloaded without traffic: {words}")
    run.require(len(said) == rounds, f"unloaded amid traffic {len(said)} times, {rounds} are due")


def main(folder: str, rounds: str) -> int:
    run = Run(Path(folder))
    run.complaints(MODULES, HARMLESS)
    judge_unloadings(run, int(rounds))
    require_values(run, 1, "whole streams: {value}, 1 is due", "streams")
    require_values(run, 4, "bad streams: {value}, 4 are due", "bad_streams")
    require_values(run, 2, "subscribers that got the end: {value}, 2 are due", "completed")
    require_values(run, 1, "slow subscribers dropped: {value}, 1 is due", "slow_dropped")
    require_values(run, 0, "after the streams {name} is {value}", "live_bytes", "held_bytes",
                   "inflight_bytes", "pool_used_bytes", "bad_frees")
    if run.value("streams") >= 0:
        show_traffic(run, ": all that arrived, for loopback copies; the rest was dropped")
        show_said(run)
        show_end(run, "at the end")
    return run.finish()
