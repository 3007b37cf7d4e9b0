# SPDX-License-Identifier: GPL-2.0
"""What scripts/demo --relay --hostile makes of a run: hostile peers.

    hostile DIR

Prints the report, if the guest came to its end, and leaves in failures.txt what does not hold: what
the peers noticed themselves, and what is left at the end.
"""
from pathlib import Path

from .relay import HARMLESS, MODULES, require_values, samples, show_end, show_traffic
from .stats import Run, amount, row


def main(folder: str) -> int:
    """Judge a run, and print its report."""
    run = Run(Path(folder))
    run.failures += (run.folder / "host-failures").read_text().splitlines()
    run.complaints(MODULES, HARMLESS)
    require_values(run, 0, "after the streams {name} is {value}", "live_bytes", "held_bytes",
                   "inflight_bytes", "pool_used_bytes", "bad_frees")
    require_values(run, 0, "sockets that are left after rmmod: {value}", "sockets_left")
    if run.value("streams") >= 0:
        show_traffic(run)
        row("peers", f"{run.value('bad_streams')} bad streams, {run.value('refused_publishers')} "
                     f"publishers refused, {run.value('left')} viewers left, "
                     f"{run.value('turned_away')} turned away, {run.value('slow_dropped')} too slow")
        held = max((value["held"] for _, value in samples(run)), default=0)
        row("memory", f"at most {amount(held)} held, {run.value('dropped_tags')} tags dropped for it")
        show_end(run, "at the end")
    return run.finish()
