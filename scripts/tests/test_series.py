# SPDX-License-Identifier: GPL-2.0
"""Tests of the series of patches: what compat/ comes to, sources as they are in the kernel's tree,
Makefiles, the page, and the cover letter."""
import re
import shutil
import tempfile
import unittest
from pathlib import Path

from dualtree_series import build, faults, letter, page, patches, rewrite
from dualtree_series.compat import (Compat, Rule, apply_rule, defined_names, has_code,
                                    is_bracketed, split_top, take_rules)
from kernel_tree import Refusal, check_tree, hooked, release

PROJECT = str(Path(__file__).resolve().parents[2])
# What probe.sh answers for the newest kernel: the last column of the table.
TABLE = re.search(r"^PROBE_ANSWERS='\n.*\n([^']*)'$",
                  Path(PROJECT, "scripts/lib/compat-check.sh").read_text(encoding="utf-8"), re.M)[1]
NEW = [f"-DDT_HAVE_{row.split()[0]}={row.split()[-1]}" for row in TABLE.splitlines()]
# What is read of a kernel's tree.
TREE = {
    "Makefile": "# SPDX\nVERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\n",
    "init/main.c": "",
    "include/linux/mmzone.h": "#define MAX_PAGE_ORDER 10\n",
    "include/kunit/visibility.h": "#define EXPORT_SYMBOL_IF_KUNIT(symbol)\n",
    "lib/kunit/test.c": "\tcase MODULE_STATE_LIVE:\n\t\tkunit_module_init(mod);\n",
    "lib/Kconfig": 'menu "Library routines"\nconfig A\n\nendmenu\n',
    "lib/Makefile": "obj-y += a.o\n",
    "scripts/Makefile.build": "src := $(srcroot)/$(obj)\n",
    "samples/Kconfig": "if SAMPLES\n\nconfig SAMPLE_A\n\tbool\n\nsource \"x\"\n\nendif # SAMPLES\n",
    "samples/Makefile": "obj-y += a/\n",
    "Documentation/core-api/index.rst": "x\n\n   genalloc\n   z\n",
    "MAINTAINERS": "Maintainers List\n\nABC\nM:\tA <a@b>\n\nMEMORY MANAGEMENT\nM:\tC <c@d>\n"
                   "L:\tmm@x\nS:\tMaintained\n\nDRIFTED\nM:\tE <e@f>\n\n"
                   "NETWORKING [GENERAL]\nL:\tnet@x\nS:\tMaintained\n\n",
}


class TreeCase(unittest.TestCase):
    """A test with a kernel's tree, as far as it is read."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = folder.name
        for name, text in TREE.items():
            path = Path(self.tree, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def rewriter(self, **answers: int) -> rewrite.Rewriter:
        """For a kernel that has these answers, and else those of 7.3."""
        given = [flag for flag in NEW if flag[10:].split("=")[0] not in answers]
        given += [f"-DDT_HAVE_{name}={value}" for name, value in answers.items()]
        return rewrite.Rewriter(PROJECT, Compat(PROJECT, self.tree, given))


class Rules(unittest.TestCase):
    """A wrapper of one statement, and its calls."""

    def call(self, rule: Rule, text: str) -> str:
        return apply_rule(text, "f", rule)

    def test_functions_and_macros_of_one_statement(self) -> None:
        text = ("#ifndef DUALTREE_COMPAT_X_H\n#define DUALTREE_COMPAT_X_H\n"
                "/* Why. */\nstatic inline void *f(struct s *s)\n{\n\treturn s->private;\n}\n\n"
                "static inline void two(int a)\n{\n\tg(a);\n\tg(a);\n}\n\n"
                "#define NAME(a)\tg(a, #a)\n#define OTHER\t(A | B)\n#endif\n")
        rules, left = take_rules(text, set())
        self.assertEqual(rules, {"f": Rule(["s"], "s->private"), "OTHER": Rule(None, "(A | B)")})
        self.assertIn("two(int a)", left)
        self.assertNotIn("Why", left)
        self.assertEqual(defined_names(left), {"two", "NAME"})
        self.assertTrue(has_code(left))

    def test_what_is_kept_stays(self) -> None:
        text = "static inline int f(int a)\n{\n\treturn g(a);\n}\n"
        self.assertEqual(take_rules(text, {"f"}), ({}, text))
        self.assertEqual(take_rules(text, None), ({}, text))

    def test_under_a_condition_nothing_is_a_rule(self) -> None:
        text = "#ifndef G\n#ifdef CONFIG_X\n#define f(a) g(a)\n#endif\n#endif\n"
        self.assertEqual(take_rules(text, set())[0], {})

    def test_arguments(self) -> None:
        ops = Rule(["ubuf", "ops"], "ubuf->ops = ops")
        self.assertEqual(self.call(ops, "\tf(&send->ubuf, &send_ops);"),
                         "\tsend->ubuf.ops = &send_ops;")
        self.assertEqual(self.call(ops, "f(u, o);"), "u->ops = o;")
        self.assertEqual(self.call(Rule(["s"], "g(s)"), "f(a + b) + xf(c)"), "g((a + b)) + xf(c)")
        self.assertEqual(self.call(Rule([], "g(0)"), "x = f();"), "x = g(0);")

    def test_a_cast_needs_brackets_only_where_it_is_no_argument(self) -> None:
        cast = Rule(["addr"], "((struct t *)(addr))")
        self.assertEqual(self.call(cast, "g(s, f(&a), 1)"), "g(s, (struct t *)&a, 1)")
        self.assertEqual(self.call(cast, "f(a)->b"), "((struct t *)a)->b")

    def test_terms_join(self) -> None:
        flags = Rule(None, "(A | B)")
        self.assertEqual(self.call(flags, "x &= ~(C | f);"), "x &= ~(C | A | B);")
        self.assertEqual(self.call(flags, "x & f;"), "x & (A | B);")

    def test_another_number_of_arguments_is_refused(self) -> None:
        with self.assertRaises(Refusal):
            self.call(Rule(["a"], "g(a)"), "f(1, 2)")

    def test_long_lines_are_cut_at_their_bracket(self) -> None:
        line = "\tKUNIT_ASSERT_EQ(test, kernel_connect(pair.near, f(&addr), sizeof(addr), 0), 0);"
        self.assertEqual(self.call(Rule(["a"], "((struct sockaddr_unsized *)(a))"), line),
                         "\tKUNIT_ASSERT_EQ(test, kernel_connect(pair.near, "
                         "(struct sockaddr_unsized *)&addr,\n\t\t\t\t\t     sizeof(addr), 0), 0);")

    def test_the_backslash_of_a_macro_stays_in_its_column(self) -> None:
        new = self.call(Rule(None, 'IMPORT("A_LONG_NAME")'), "\tf;\t\t\t\t\\\n")
        self.assertEqual(new, '\tIMPORT("A_LONG_NAME");\t\t\\\n')

    def test_brackets_keep_their_parts_together(self) -> None:
        self.assertEqual(split_top("a(b, c), d[e, f], {g}"), ["a(b, c)", "d[e, f]", "{g}"])
        for text, want in ("(a(b))", True), ("(a)(b)", False), ("((a)", False), ("(", False):
            self.assertEqual(is_bracketed(text), want, text)

    def test_a_header_has_to_have_a_place(self) -> None:
        self.assertEqual(rewrite.with_headers("/* x */\n#define X_H\nint a;\n", {"linux/a.h"}),
                         "/* x */\n#define X_H\n\n#include <linux/a.h>\nint a;\n")
        with self.assertRaises(Refusal):
            rewrite.with_headers("int a;\n", {"linux/a.h"})


@unittest.skipUnless(shutil.which("unifdef"), "there is no unifdef")
class Sources(TreeCase):
    """The project's own sources."""

    def test_the_newest_kernel_needs_no_compat(self) -> None:
        self.assertIsNone(self.rewriter().rest("compat.h"))
        self.assertEqual(letter.left(self.rewriter(), "Linux 7.3.4"),
                         letter.NOTHING.format(base="Linux 7.3.4"))

    def test_what_a_kernel_lacks_is_in_one_header(self) -> None:
        rewriter = self.rewriter(HRTIMER_SETUP=0, NS_STRING=0, SHRINKER_ALLOC=0)
        self.assertIn("kfree(s);", rewriter.rest("shrinker.h")[1])
        place, text = rewriter.rest("compat.h")
        self.assertEqual(place, "lib/dualtree/compat.h")
        self.assertIn("static inline void hrtimer_setup(", text)
        self.assertNotIn("DT_HAVE", text)
        self.assertEqual(text.count("#endif"), 1)
        self.assertIn("hrtimer_setup", letter.left(rewriter, "Linux 6.12"))
        _, test = rewriter.source("kunit/interrupt_test.c")
        self.assertIn('#include "../compat.h"\n', test)
        _, suite = rewriter.source("kunit/fixtures/suite.h")
        self.assertIn("MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);", suite)

    def test_calls_have_the_names_of_the_kernel(self) -> None:
        place, text = self.rewriter().source("netbuf/rx_idle.c")
        self.assertEqual(place, "lib/dualtree/netbuf/rx_idle.c")
        for name in ("alloc_netdev_dummy(0)", "free_netdev(reaper_dev)", "shrinker_free(shrinker)",
                     '#include "../shrinker.h"', "#include <linux/timer.h>"):
            self.assertIn(name, text)
        self.assertNotRegex(text, r"compat|dt_free_netdev|<dualtree/")

    def test_includes_lead_to_where_things_are(self) -> None:
        _, text = self.rewriter().source("kunit/alloc_test.c")
        self.assertNotIn("dualtree/dualtree", text)
        place, text = self.rewriter().source("include/dualtree/netbuf.h")
        self.assertEqual(place, "include/net/dualtree/netbuf.h")
        self.assertIn("#include <net/dualtree/netbuf_rx.h>\n", text)
        runs = [line for line in text.splitlines() if line.startswith("#include <")]
        self.assertEqual(runs, sorted(runs))

    def test_exports_are_those_of_the_kernel(self) -> None:
        _, text = self.rewriter().source("dualtree/section.c")
        for line in ("#include <kunit/visibility.h>", "#include <linux/export.h>",
                     "EXPORT_SYMBOL_IF_KUNIT(dt_null_heaps);"):
            self.assertIn(line + "\n", text)

    def test_the_sample_does_nothing_wrong_on_purpose(self) -> None:
        for name in ("main", "netdev", "rx", "tx"):
            _, text = self.rewriter().source(f"samples/e1000/{name}.c")
            self.assertNotRegex(text, r"(?i)inject|on purpose|self-check")
        self.assertNotIn("pr_fmt", self.rewriter().source("samples/e1000/main.c")[1])
        self.assertIn("pr_fmt", self.rewriter().source("samples/e1000/counts.c")[1])
        self.assertIn("{\n\t/* The write orders the descriptors before it. */\n", text)
        self.assertEqual(faults.without_faults("\tif (inject)\n\t\treturn 0;\n\treturn 1;\n"),
                         "\treturn 1;\n")
        with self.assertRaisesRegex(Refusal, "a = inject"):
            faults.without_faults("\t\ta = inject(b,\n\t\t\t   c);\n")

    def test_a_module_has_no_version(self) -> None:
        self.assertNotIn("VERSION", self.rewriter().source("dualtree/module.c")[1])

    def test_comments_name_what_is_there(self) -> None:
        rewriter = self.rewriter()
        for ours, theirs in (
                ("of f(): litmus/a-b. */", "of f(). */"), ("of f(), litmus/a.\n", "of f().\n"),
                ("End. litmus/a-*, b-c. */", "End. */"), ("End.\n * litmus/a-*, litmus/b.\n */", "End.\n */"),
                ("a bit: litmus/a; and", "a bit; and"), ("done: litmus/a-b,\n * c-d.", "done."),
                ("Found by simulation, see design.rst.", "Found by simulation."),
                ("see Documentation/design.rst", f"see {rewrite.PAGE}"),
                ("a probe (from 6.5\n\ton). Then", "a probe.\n\tThen")):
            self.assertEqual(rewriter.names_of_files(ours), theirs)

    def test_what_is_foreign_is_refused(self) -> None:
        for text in ("/* see compat/x.h */", "#include <dualtree/x.h>", "dt_free_netdev_dummy;",
                     "see litmus/a", "the torture module", "/* From 6.5 on */", "up to 6.12"):
            with self.assertRaises(Refusal):
                self.rewriter().checked(text, "x.c")
        self.rewriter().checked("/* From 6.5 on */", "lib/dualtree/compat.h")

    def test_each_source_is_in_a_patch(self) -> None:
        rewriter = self.rewriter()
        series = patches.Series(PROJECT, self.tree, rewriter, "A B <a@b>")
        all_files = [(patch, files) for patch, files in series.patches()]
        names = [patch.name for patch, _ in all_files]
        self.assertEqual(names[-1], "sample")
        for patch, _ in all_files:
            subject, empty, *_ = series.message(patch).split("\n")
            self.assertLess(len(subject), 76)
            self.assertEqual(empty, "")
        first, last = all_files[0][1], all_files[-1][1]
        self.assertIn("\tbool ", first["lib/dualtree/Kconfig"])
        self.assertNotIn("kunit/", first["lib/dualtree/Makefile"])
        self.assertIn("\ttristate ", last["lib/dualtree/Kconfig"])
        self.assertNotRegex(last["lib/dualtree/Kconfig"], r"(?i)torture|bench")
        fixtures = [files.get("lib/dualtree/kunit/fixtures/Makefile", "") for _, files in all_files]
        self.assertIn("# What the suites share.\n", fixtures[names.index("kunit-pool")])
        self.assertIn("# What the suites share: one module", fixtures[-1])
        self.assertIn("dualtree-y += core/module.o\n", last["lib/dualtree/Makefile"])
        self.assertEqual(last["lib/dualtree/Makefile"].count("dualtree-y :="), 1)
        self.assertIn("   genalloc\n   dualtree\n   z\n", last[patches.INDEX])
        self.assertIn("M:\tA B <a@b>\nL:\tmm@x\nL:\tnet@x\nS:\tMaintained\nF:\tDoc",
                      last["MAINTAINERS"])
        self.assertLess(last["MAINTAINERS"].index("ABC"), last["MAINTAINERS"].index("DUALTREE"))
        self.assertLess(last["MAINTAINERS"].index("DUALTREE"),
                        last["MAINTAINERS"].index("MEMORY MAN"))
        self.assertIn("SAMPLE_DUALTREE_E1000", last["samples/Kconfig"])
        for place, text in last.items():
            if place.endswith((".c", ".h", ".rst")):
                self.assertNotRegex(text, r"DT_HAVE_|:doc:", place)
                # What a comment names may be longer there.
                self.assertEqual([line for line in text.splitlines() if len(line.expandtabs()) > 100
                                  and line.lstrip().startswith(("/*", "*"))], [], place)

    def test_an_old_kernel_cannot_be_riscv(self) -> None:
        text = build.kconfig(PROJECT, ["DUALTREE"], True, ["-DDT_HAVE_RISCV_CMPXCHG_8=0"])
        self.assertIn("!S390 && !RISCV\n", text)


class Trees(TreeCase):
    """What is a kernel's tree, and lines in it."""

    def test_a_tree_says_its_version(self) -> None:
        check_tree(self.tree)
        self.assertEqual(release(self.tree), (7, 3, 4))
        Path(self.tree, "Makefile").write_text("VERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 1\n",
                                               encoding="utf-8")
        with self.assertRaises(Refusal):
            check_tree(self.tree)

    def test_lines_of_ours(self) -> None:
        lines = TREE["lib/Kconfig"].splitlines()
        once = hooked("lib/Kconfig", lines)
        self.assertEqual(once[-2:], ['source "lib/dualtree/Kconfig"', "endmenu"])
        self.assertEqual(hooked("lib/Kconfig", once), once)
        with self.assertRaises(Refusal):
            hooked("lib/Kconfig", ["config A"])

    def test_flags_of_older_trees(self) -> None:
        self.assertEqual(build.source_flag(self.tree), "$(src)")
        Path(self.tree, "scripts/Makefile.build").write_text("src := $(obj)\n", encoding="utf-8")
        self.assertEqual(build.source_flag(self.tree), "$(srctree)/$(src)")


class Texts(unittest.TestCase):
    """The page and the letter."""

    def test_sentences_that_lead_elsewhere_are_left_out(self) -> None:
        text = ("One ends here (:doc:`model`). Two is in :doc:`testing`. Three: see :doc:`design`, "
                "Counting.\n\nFor those who test: ``./scripts/test`` does::\n\n\tx :doc:`y`\n")
        self.assertEqual(page.paragraphs_here(text.split("\n\nFor")[0]),
                         "One ends here. Three; see Counting.")
        self.assertEqual(page.here("- An item of\n  lines: :doc:`api`."), "")
        self.assertEqual(page.here("- One\n  is. :doc:`x` is two."), "- One is.")

    def test_a_definition_keeps_its_term(self) -> None:
        text = "term\n    What it is, of many words. :doc:`x` has\n    more.\nother\n    All of it is here."
        self.assertEqual(page.paragraphs_here(text),
                         "term\n    What it is, of many words.\nother\n    All of it is here.")
        self.assertEqual(page.here("term\n    :doc:`x` has it."), "")

    def test_sections_can_be_left_out(self) -> None:
        text = "T\n=\n\nA\n---\n\na\n\nB\n---\n\nb\n"
        self.assertEqual(page.without_section(text, "A"), "T\n=\n\nB\n---\n\nb\n")
        with self.assertRaises(Refusal):
            page.without_section(text, "C")

    def test_figures_are_cells(self) -> None:
        found = letter.tables(PROJECT)
        self.assertEqual(letter.parts_of("175, 1,055"), ["175", "1,055"])
        self.assertEqual(letter.parts_of("1.24 (1.30)"), ["1.24", "1.30"])
        self.assertTrue(letter.figure(found, ["cost", "pair 1500 B", "kmalloc"]))
        for words in (["cost", "no such row", "kmalloc"], ["none", "pair 1500 B", "kmalloc"]):
            with self.assertRaises(Refusal):
                letter.figure(found, words)

    def fill(self, old: str = "", new: str = "") -> str:
        """The cover letter, with one change of its text."""
        text = Path(PROJECT, letter.COVER).read_text(encoding="utf-8")
        self.assertIn(old, text)
        return letter.filled(PROJECT, text.replace(old, new, 1), "Nothing.", "Linux 7.3.4")

    def test_a_figure_that_is_in_no_table_is_refused(self) -> None:
        self.assertIn("Linux 7.3.4", self.fill())
        cell = "{cost|pair 1500 B|kmalloc}"
        for by_hand in ("479", "1,479", "2.5", "264"):
            with self.assertRaisesRegex(Refusal, by_hand.replace(",", "")):
                self.fill(cell, by_hand)
        for words in (cell.replace("pair", "pear"), cell.replace("kmalloc", "malloc"),
                      "{memory|471 bytes}"):
            with self.assertRaisesRegex(Refusal, words.split("|")[1].strip("}")):
                self.fill(cell, words)

    def test_a_letter_that_is_not_filled_in_is_refused(self) -> None:
        for words in ("{cost|pair 1500 B|\n  kmalloc}", "{table|readers"):
            with self.assertRaisesRegex(Refusal, "not filled in"):
                self.fill("What is not in it", words)
        with self.assertRaisesRegex(Refusal, "no section"):
            self.fill(letter.COSTS, "Prices")

    def test_what_was_measured_may_be_named(self) -> None:
        self.assertEqual(letter.numbers("64..4096 B, 1k live, 1,234.5"),
                         {"64", "4096", "1", "1000", "1234.5"})

    def test_items_are_folded(self) -> None:
        text = letter.folded("- " + "word " * 30, "  ")
        self.assertTrue(all(len(line) <= letter.WIDTH for line in text.splitlines()))
        self.assertTrue(text.startswith("- word") and "\n  word" in text)
