# SPDX-License-Identifier: GPL-2.0
"""What scripts/demo --relay --hostile makes of a run: hostile peers.

    hostile DIR IN_PLACE

Prints the report, if the guest came to its end, and leaves in failures.txt what does not hold: what
the peers noticed themselves, what the viewers of ffmpeg's stream got, what was held and copied
meanwhile, and what is left at the end. IN_PLACE is as in relay.py. DIR/window has the guest's
uptime when that stream began and when it ended.
"""
from pathlib import Path

from . import relay
from .relay import HARMLESS, MODULES, require_values, samples, show_end, show_traffic
from .stats import Run, amount, row


def window(run: Run) -> tuple[list[relay.Sample], float]:
    """Return the samples of ffmpeg's stream, each with its second, and how many seconds it took."""
    path = run.folder / "window"
    if not path.exists():
        return [], 0
    start, end = map(float, path.read_text().split())
    return [(round(uptime - start, 1), value) for uptime, value in relay.all_samples(run)
            if start <= uptime <= end], end - start


def judge_stream(run: Run, in_place: str) -> None:
    """Require that ffmpeg's stream reached its viewers whole, and cost no more than it may."""
    found, seconds = window(run)
    relay.judge_viewers(run)
    relay.judge_steady(run, found, seconds)
    if in_place and found:
        relay.judge_in_place(run, relay.copied_in(found[-1][1]) - relay.copied_in(found[0][1]))


def main(folder: str, in_place: str = "") -> int:
    run = Run(Path(folder))
    run.failures += (run.folder / "host-failures").read_text().splitlines()
    judge_stream(run, in_place)
    run.complaints(MODULES, HARMLESS)
    require_values(run, 0, "after the streams {name} is {value}", "live_bytes", "held_bytes",
                   "inflight_bytes", "pool_used_bytes", "bad_frees")
    require_values(run, 0, "sockets that are left after rmmod: {value}", "sockets_left")
    if run.value("streams") >= 0:
        relay.show_reader("published", run.folder.parent / "in")
        for name in ("first", "second"):
            relay.show_reader(name, run.folder / name)
        show_traffic(run)
        relay.show_card(run)
        relay.show_steady(*window(run))
        row("peers", f"{run.value('bad_streams')} bad streams, {run.value('refused_publishers')} "
                     f"publishers refused, {run.value('left')} viewers left, "
                     f"{run.value('turned_away')} turned away, {run.value('slow_dropped')} too slow")
        held = max((value["held"] for _, value in samples(run)), default=0)
        row("memory", f"at most {amount(held)} held, {run.value('dropped_tags')} tags dropped for it")
        show_end(run, "at the end")
    return run.finish()
