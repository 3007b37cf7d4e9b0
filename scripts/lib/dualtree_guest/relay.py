# SPDX-License-Identifier: GPL-2.0
"""What scripts/demo --relay makes of a run: a stream through samples/flvrelay.

    relay DIR SECONDS BAD IN_PLACE

SECONDS is how long the stream was; BAD has a line "KIND|WHAT THE RELAY SAYS" for each bad stream.
IN_PLACE is "yes" if nothing that was received may be copied.
Prints the report, if the guest came to its end, draws DIR/relay.svg, and leaves in failures.txt
what does not hold.
"""
import re
from pathlib import Path

from dualtree_report import plot

from .logs import lines_of
from .stats import NO_COMPLAINT, Run, amount, ratio, row

# The rings are full so many seconds after the stream began, and are not when it ends.
FULL_SECONDS, END_SECONDS = 14, 2
# Of what is held for each byte that is live, in hundredths.
RATIO_MAX = 135
# With fewer samples of full rings the ratio says nothing.
SAMPLES_MIN = 5
# Between two lines of the table.
TABLE_SECONDS = 5
MODULES = "dualtree|dualtree_netbuf|flvrelay|dualtree_e1000"
HARMLESS = f"{NO_COMPLAINT}|: (publisher|subscriber) "
COLUMNS = ("live", "held", "kept", "inflight", "footprint")
TITLES = ("live", "held", "kept in the rings", "in flight", "pools' footprint")


def checksums(path: Path, stream: str = r"\d*") -> list[str]:
    """Return the lines of packets or frames, each with its time, its size and its checksum."""
    lines = lines_of(path) if path.exists() else ()
    return [line for line in lines if re.match(f"{stream},", line)]


def reported(run: Run, key: str) -> list[str]:
    """Return the rest of each line of the report that begins with that word."""
    return [line[len(key) + 1:] for line in lines_of(run.folder / "report.txt")
            if line.startswith(f"{key} ")]


def require_values(run: Run, due: int, text: str, *names: str) -> None:
    """Each number has to be what is due; text has {name}, {value} and {due}."""
    for name in names:
        value = run.value(name)
        run.require(value == due, text.format(name=name, value=value, due=due))


def judge_viewers(run: Run) -> None:
    """Require that the first two got all that was published."""
    source, own = run.folder.parent, run.folder
    for name in ("first", "second"):
        for kind in ("packets", "frames"):
            sent, got = checksums(source / f"in.{kind}"), checksums(own / f"{name}.{kind}")
            run.require(sent == got, f"the {name} subscriber got other {kind} than were published: "
                                     f"{len(got)} of {len(sent)}")


def judge_late_viewer(run: Run) -> None:
    """Require of the late one all from a key frame on.

    Of the sound the first frame decodes in another way, since what comes before is missing: there
    the packets have to do.
    """
    source, own = run.folder.parent, run.folder
    for kind, stream in (("packets", "0"), ("packets", "1"), ("frames", "0")):
        sent = checksums(source / f"in.{kind}", stream)
        got = checksums(own / f"late.{kind}", stream)
        run.require(bool(got) and sent[-len(got):] == got,
                    f"the late subscriber's {kind} of stream {stream} are not the end of what was "
                    f"published: {len(got)} of {len(sent)}")
    late, sent = (checksums(path, "0") for path in (own / "late.packets", source / "in.packets"))
    run.require(len(late) < len(sent), "the late subscriber was not late")


def judge_bad_streams(run: Run, bad: list[list[str]]) -> None:
    """Each bad stream, in the order in which they came, has one line of its own."""
    said = [found[1] for line in reported(run, "line")
            if (found := re.match(r"publisher [^ ]*: (?!refused)(.*)", line))]
    for i, (kind, expected) in enumerate(bad):
        line = said[i] if i < len(said) else "nothing"
        run.require(bool(re.match(f"{expected}, after", line)),
                    f"the bad stream '{kind}' was called: {line}")
    due = len(bad)
    run.require(len(said) == due, f"{len(said)} lines about {due} bad streams")
    require_values(run, due, "bad streams: {value}, {due} are due", "bad_streams")
    require_values(run, 1, "second publishers refused: {value}, 1 is due", "refused_publishers")


Sample = tuple[float, dict[str, int]]


def all_samples(run: Run) -> list[Sample]:
    """Each sample: the guest's uptime, and the numbers."""
    found = []
    for line in reported(run, "sample"):
        value = dict(word.split("=", 1) for word in line.split())
        found.append((float(value.pop("uptime")), {
            name.removesuffix("_bytes"): int(text) for name, text in value.items()}))
    return found


def samples(run: Run) -> list[Sample]:
    """Each sample with its second, from the first one with a stream on."""
    found = all_samples(run)
    start = next((uptime for uptime, value in found if value.get("tags", 0) > 0), None)
    if start is None:
        return []
    return [(round(uptime - start, 1), value) for uptime, value in found if uptime >= start]


def steady(found: list[Sample], seconds: float) -> tuple[int, int, int]:
    """How many samples, and the mean and worst held/live in hundredths, rounded up, from when the
    rings are full to when a stream of so many seconds ends."""
    ratios = [value["held"] * 100 / value["live"] for second, value in found
              if FULL_SECONDS <= second < seconds - END_SECONDS and value["live"] > 0]
    mean = sum(ratios) / len(ratios) if ratios else 0
    return len(ratios), int(mean + 0.5), int(max(ratios, default=0) + 0.999)


def judge_steady(run: Run, found: list[Sample], seconds: float) -> None:
    """No more is held than is due while it runs."""
    count, _, worst = steady(found, seconds)
    run.require(count >= SAMPLES_MIN, f"only {count} samples of a stream with full rings")
    run.require(worst <= RATIO_MAX,
                f"held/live is up to {worst} hundredths, at most {RATIO_MAX} are due")


def show_steady(found: list[Sample], seconds: float) -> None:
    count, mean, worst = steady(found, seconds)
    row("steady", f"held/live {ratio(mean, 100)} on average, {ratio(worst, 100)} at most, of "
                  f"{count} samples")


def copied_in(value: dict[str, int]) -> int:
    """Return the bytes that were received and copied, of all streams so far."""
    return value["received"] + value["compacted"]


def judge_in_place(run: Run, copied: int) -> None:
    """Require that nothing that was received was copied, and that our driver received it."""
    run.require(copied == 0, f"received and copied: {copied} bytes, none may be")
    run.require(run.value("card_in_place") > 0, "the card received nothing in place")


def judge_memory(run: Run, seconds: int) -> None:
    """No more is held than is due while it runs, and nothing at the end."""
    judge_steady(run, samples(run), seconds)
    for name, text in (("live_bytes", "live after the streams: {value} bytes"),
                       ("held_bytes", "held after the streams: {value} bytes"),
                       ("inflight_bytes", "in flight after the streams: {value}"),
                       ("pool_used_bytes", "the pools still have blocks out: {value} bytes"),
                       ("bad_frees", "bad frees: {value}")):
        require_values(run, 0, text, name)


def show_traffic(run: Run, note: str = "") -> None:
    received = run.value("referenced_bytes") + run.value("received_bytes")
    copied = run.value("received_bytes") + run.value("compacted_bytes")
    sent = run.value("zerocopy_bytes") + run.value("copied_bytes")
    row("tags", f"{run.value('tags'):,}, {amount(run.value('payload_bytes'))} of payload")
    row("received", f"{amount(received)}, of which the relay copied {amount(copied)}, in small "
                    "packets or to hold less")
    row("sent", f"{amount(sent)} in {run.value('sends'):,} calls, of which the stack copied "
                f"{amount(run.value('copied_bytes'))}{note}")


def show_card(run: Run) -> None:
    """Print what our driver did, if the card was its."""
    if run.value("card_in_place") >= 0:
        row("card", f"{run.value('card_in_place'):,} frames in place, {run.value('card_copied'):,} "
                    "copied, of headers alone")


def show_said(run: Run) -> None:
    for line in reported(run, "line"):
        row("said", line)


def show_end(run: Run, key: str) -> None:
    value = run.value
    row(key, f"live {value('live_bytes')}, held {value('held_bytes')}, the pools' blocks out "
             f"{value('pool_used_bytes')}, bad frees {value('bad_frees')}")


def show_over_time(run: Run) -> None:
    """Print the table, of the stream alone and a little of what came after."""
    print(f"  {'over time':<10} {'seconds':>8}" + "".join(
        f" {name:>10}" for name in ("live", "held", "kept", "in flight", "footprint")))
    due = 0
    for second, value in samples(run):
        if second >= due:
            print(f"  {'':<10} {int(second):>8}" + "".join(
                f" {value[name] // 1024:>6} KiB" for name in COLUMNS))
            due = int(second / TABLE_SECONDS) * TABLE_SECONDS + TABLE_SECONDS


def plot_commands(run: Run) -> str:
    rows = ([second, *(f"{value[name] / (1 << 20):.4f}" for name in COLUMNS)]
            for second, value in samples(run))
    lines = (f'$d using 1:{i} with lines linetype {i - 1} title "{title}"'
             for i, title in enumerate(TITLES, 2))
    return f"""\
set xlabel "seconds of the stream"
set ylabel "MiB"
set autoscale xfixmax
set yrange [0:*]
{plot.block("d", rows)}plot {", ".join(lines)}"""


def show_reader(name: str, path: Path) -> None:
    counts = [f"{len(checksums(path.with_suffix(f'.{kind}'), stream))}"
              for kind in ("packets", "frames") for stream in "01"]
    row(name, "{} video and {} audio packets, {} and {} frames".format(*counts))


def show(run: Run, seconds: int) -> None:
    show_reader("published", run.folder.parent / "in")
    for name in ("first", "second", "late"):
        show_reader(name, run.folder / name)
    show_traffic(run)
    show_card(run)
    row("dropped", f"too slow {run.value('slow_dropped')}, left {run.value('left')}")
    show_said(run)
    show_over_time(run)
    show_steady(samples(run), seconds)
    row("at the end", f"{amount(run.value('destroyed_bytes'))} were live when their streams ended, "
                      "and went with their instances")
    show_end(run, "")
    plot.draw(run.folder / "relay.svg", "What a stream took over time", plot_commands(run))
    row("picture", f"{run.folder}/relay.svg")


def main(folder: str, seconds: str, bad: str, in_place: str = "") -> int:
    run = Run(Path(folder))
    run.failures += lines_of(run.folder / "host-failures")
    run.complaints(MODULES, HARMLESS)
    judge_viewers(run)
    judge_late_viewer(run)
    judge_bad_streams(run, [line.split("|", 1) for line in bad.splitlines() if line])
    judge_memory(run, int(seconds))
    require_values(run, 1, "whole streams: {value}, 1 is due", "streams")
    require_values(run, 3, "subscribers that got the end: {value}, 3 are due", "completed")
    require_values(run, 0, "sockets that are left after rmmod: {value}", "sockets_left")
    run.require(run.value("zerocopy_bytes") > 0, "nothing was sent without copying")
    if in_place:
        judge_in_place(run, run.value("received_bytes") + run.value("compacted_bytes"))
    if run.value("streams") >= 0:
        show(run, int(seconds))
    return run.finish()
