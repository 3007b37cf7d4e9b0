# SPDX-License-Identifier: GPL-2.0
"""Tests of the self-check of scripts/record: it notices what does not come out."""
from dualtree_report import record

from .case import CommandCase


class Record(CommandCase):
    def tool(self, text: str) -> str:
        """A trace tool that does nothing but this."""
        path = self.write("tool", f"#!/bin/sh\n{text}\n")
        (self.out / "tool").chmod(0o755)
        return path

    def test_a_tool_that_finds_nothing_fails(self) -> None:
        status, printed = self.command(record, str(self.out), self.tool(":"))
        broken = sum(1 for _, _, wrong in record.traces() if wrong)
        cases = len(record.traces()) + len(record.RECORDS) + len(record.BAD_RECORDS)
        self.assertEqual(status, 1)
        self.assertEqual(printed[-1], f"trace files and records: {cases} checked, "
                         f"{broken + len(record.RECORDS) + len(record.BAD_RECORDS)} failed")
        self.assertEqual((self.out / "1.trace").read_text(), record.HEAD + record.TRACES[0][1])
        self.assertEqual(len(self.read("plan")), 12)
        self.assertEqual(record.traces()[7][2], "8.trace:3: no such operation")

    def test_a_trace_that_cannot_be_exported_ends_the_check(self) -> None:
        with self.assertRaises(SystemExit):
            self.command(record, str(self.out), self.tool("exit 1"))

    def test_a_record_is_what_the_kernel_writes(self) -> None:
        lines = record.record_of("1 region_put 40 4096\n0 free 0 64").splitlines()
        self.assertEqual(lines[3], "    a [b] c-12    [001] ..... 77: dualtree_region_put: name=x "
                                   "ptr=1 base=ffff888000000040 bytes=4096")
        self.assertTrue(lines[4].endswith("ptr=ffff888000000000 len=64"))
        self.assertEqual(lines[5], "# end")

    def test_the_guest_has_to_say_the_same(self) -> None:
        report = "".join(f"broken {nr} {wrong}\n" for nr, (_, _, wrong) in
                         enumerate(record.traces(), 1))
        report += "".join(f"{name}/{flags}/{how} peak_held {flags}\n" for name, _ in
                          record.SAME_TRACES for flags in record.FLAGS
                          for how in ("generated", "replayed"))
        for text, failed in ((report, 0), (report.replace("M/1/replayed peak_held 1", "M/1/x"), 1),
                             (report.replace("broken 8 ", "broken 88 "), 1),
                             (report.replace("broken 1 ", "broken 1 1.trace:2: bad"), 1)):
            self.write("report.txt", text)
            status, printed = self.command(record, str(self.out), "none", "--guest")
            self.assertEqual(status, 1 if failed else 0)
            self.assertEqual(printed[-1], f"in the guest: {len(record.traces()) + 6} checked, "
                                          f"{failed} failed")
