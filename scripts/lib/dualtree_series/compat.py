# SPDX-License-Identifier: GPL-2.0
"""
What compat/ comes to, for one kernel.

compat/probe.sh says which calls the kernel has, and unifdef leaves of each header what that kernel
takes. Then

- a wrapper of one statement becomes a rule: each call of it is replaced by what it does;
- what is left and is no difference between kernels moves to where it belongs (HOMES);
- what is left and stands for a call that this kernel lacks goes into one header, compat.h;
- a header of which nothing is left, or nothing is used, is gone.

The kernel's own tree has calls that a module outside of it cannot use: IN_TREE.
"""
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from kernel_tree import Refusal

# What our code calls, and compat/ has no header for it in this series: benchmarks alone use it, or
# it refuses kernels, which Kconfig does there.
UNUSED = ("cpu_time.h", "page_frag.h", "page_pool.h", "refuse.h")

# Where what a header has that is no difference goes, and the wrappers that stay functions there.
# None: all of them.
HOMES = {
    "kasan.h": ("core/kasan.h", None),
    "nmi.h": ("kunit/fixtures/nmi_ipi.h", None),
    "shrinker.h": ("shrinker.h", {"dt_shrinker_create"}),
    "socket.h": ("netbuf/cork.h", {"dt_udp_corked"}),
    "ubuf.h": ("netbuf/ubuf.h", {"dt_ubuf_ends_early"}),
}
# What a file in a home begins with, where the header's own words are about versions.
HEADS = {
    "netbuf/cork.h": "/* Corked sockets, on which a datagram is sent in parts. */",
}

# Names that the headers of compat/ ask for by #ifdef, and the headers of the kernel that may define
# them.
ASKED = {
    "MAX_PAGE_ORDER": ("include/linux/mmzone.h",),
    "__GFP_ATOMIC": ("include/linux/gfp_types.h", "include/linux/gfp.h"),
}

# Headers that are needed only where a file has such a word.
NEEDED_FOR = {
    "linux/ctype.h": r"\bis(space|digit)\(",
    "linux/errno.h": r"-E[A-Z]+\b",
    "linux/export.h": r"\bEXPORT_SYMBOL",
    "linux/kconfig.h": r"$^",
    "linux/log2.h": r"\b(ilog2|is_power_of_2|roundup_pow_of_two|rounddown_pow_of_two|order_base_2)\(",
    "linux/mm.h": r"\b(virt_to_page|page_address|alloc_pages|__free_pages|struct page)\b",
    "linux/mmzone.h": r"\b(MAX_PAGE_ORDER|MAX_ORDER_NR_PAGES|NODE_DATA|pfn_to_section_nr)\b",
    "linux/module.h": r"\b(MODULE_[A-Z_]+\(|THIS_MODULE|module_(init|exit|param)\w*\()",
    "linux/slab.h": r"\bk[a-z]*alloc\w*\(|\bkfree\w*\(",
    "linux/socket.h": r"\bstruct (sockaddr|msghdr)\w*\b",
    "linux/stringify.h": r"\b__stringify\(",
    "linux/types.h": r"$^",
    "linux/udp.h": r"\b(udp_\w+|struct udphdr)\b",
    "net/inet_connection_sock.h": r"\binet_csk\(",
    "net/net_namespace.h": r"\b(get_net|put_net|struct net|init_net)\b",
    "net/sock.h": r"\b(struct sock\b|sock_net\(|sk_\w+\()",
}


@dataclass
class Rule:
    """How one of our names is replaced."""
    params: list[str] | None    # None: no call
    body: str
    headers: list[str] = field(default_factory=list)


@dataclass
class Rest:
    """What is left of a header."""
    text: str
    names: set[str]
    includes: list[str]
    home: str


# Each: our name, what it is in the tree, its parameters, the header for it, and the file and the
# pattern in it that tell if the tree has that.
VISIBILITY = ("include/kunit/visibility.h", r"EXPORT_SYMBOL_IF_KUNIT\(")
# Suites run when their module is live, so after its parameters are parsed.
PARSED_FIRST = ("lib/kunit/test.c", r"case MODULE_STATE_LIVE:\s*kunit_module_init\(")
IN_TREE = (
    ("EXPORT_SYMBOL_FOR_DT_TEST", "EXPORT_SYMBOL_IF_KUNIT(sym)", ["sym"], "kunit/visibility.h",
     VISIBILITY),
    ("DT_IMPORT_INTERNALS", "MODULE_IMPORT_NS({EXPORTED_FOR_KUNIT_TESTING})", None,
     "linux/module.h", VISIBILITY),
    ("param_value_of", "name", ["name"], None, PARSED_FIRST),
)

FUNCTION = re.compile(
    r"(?:/\*(?:[^*]|\*(?!/))*\*/\n)?static inline [^(;]*?\b(?P<name>\w+)\((?P<params>[^{}]*?)\)\n"
    r"\{\n(?P<body>.*?)\n?\}\n", re.DOTALL)
MACRO = re.compile(r"(?:/\*(?:[^*]|\*(?!/))*\*/\n)?#define (?P<name>\w+)(?P<params>\([^)]*\))?[ \t]+"
                   r"(?P<body>(?:.*\\\n)*.*)\n")
INCLUDE = re.compile(r'^#include <(.*)>\n', re.MULTILINE)
COMMENT = re.compile(r"/\*(?:[^*]|\*(?!/))*\*/", re.DOTALL)


def probe(project, tree):
    """The answers of compat/probe.sh, as unifdef takes them."""
    said = subprocess.run(["sh", os.path.join(project, "compat/probe.sh"), tree, "x86"],
                          capture_output=True, text=True, check=False)
    if said.returncode:
        raise Refusal(said.stderr.strip())
    return said.stdout.split()


def has(tree, where):
    path = Path(tree, where[0])
    return path.is_file() and re.search(where[1], path.read_text(encoding="utf-8"))


def asked(tree):
    """The answers to the headers' own questions."""
    for name, headers in ASKED.items():
        found = any(has(tree, (header, rf"#\s*define\s+{name}\b")) for header in headers)
        yield f"-D{name}" if found else f"-U{name}"


def unifdef(text, answers):
    """What the preprocessor would leave, by these answers alone."""
    done = subprocess.run(["unifdef", "-B", *answers], input=text, capture_output=True, text=True,
                          check=False)
    if done.returncode > 1:
        raise Refusal(f"unifdef: {done.stderr.strip()}")
    return re.sub(r"\n{3,}", "\n\n", done.stdout)


def split_top(text):
    """The parts of a list, of which brackets keep theirs together."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += char in "([{"
        depth -= char in ")]}"
        if char == "," and not depth:
            parts.append(text[start:at].strip())
            start = at + 1
    parts.append(text[start:].strip())
    return parts


def parameter_name(declaration):
    """The name that a parameter is declared by."""
    pointer = re.search(r"\(\*(\w+)\)", declaration)
    return pointer.group(1) if pointer else re.findall(r"\w+", declaration)[-1]


def rule_of_function(match):
    """The rule for a function of one statement, or None."""
    body = match["body"]
    one = re.fullmatch(r"\t(?:return )?([^;{}]+);", body)
    if not one or re.match(r"\t(struct|unsigned|int|long|void|const|bool|if|for|while)\b", body):
        return None
    params = [] if match["params"] == "void" else \
        [parameter_name(p) for p in split_top(match["params"])]
    return Rule(params, one.group(1))


def rule_of_macro(match):
    params = match["params"]
    body = re.sub(r"\s*\\\n\s*", " ", match["body"]).strip()
    if re.search(r"##|(?<!#)#\w", body):
        return None
    return Rule([p.strip() for p in params[1:-1].split(",")] if params else None, body)


def depth_at(text, at):
    """How many #if are open there."""
    lines = text[:at].splitlines()
    return sum(bool(re.match(r"#\s*if", line)) for line in lines) - \
        sum(bool(re.match(r"#\s*endif", line)) for line in lines)


def defined_names(text):
    code = COMMENT.sub("", text)
    members = " ".join(re.findall(r"(?m)^enum \w+ \{([^}]*)\}", code))
    names = set(re.findall(r"\b([A-Z][A-Z0-9_]+)[,} ]", members))
    for definition in (r"\s*#\s*define (\w+)", r"static inline [^(;]*?\b(\w+)\(",
                       r"(?:struct|enum) (\w+) \{", r"typedef .*\(\*(\w+)\)"):
        names.update(re.findall(f"(?m)^{definition}", code))
    return {name for name in names if not name.startswith("DUALTREE_COMPAT_")}


def has_code(text):
    """Whether a header has anything but comments, includes and its guard."""
    code = COMMENT.sub("", text)
    code = re.sub(r"(?m)^#\s*(include|(ifndef|define) DUALTREE_COMPAT|endif).*$", "", code)
    return bool(code.strip())


def take_rules(text, kept):
    """The rules that a header's wrappers come to, and the header without these."""
    rules = {}
    if kept is None:
        return rules, text
    for pattern, rule_of in ((FUNCTION, rule_of_function), (MACRO, rule_of_macro)):
        for match in list(pattern.finditer(text))[::-1]:
            name = match["name"]
            rule = rule_of(match)
            # The guard is one #if.
            if not rule or name in kept or name.startswith("DUALTREE_COMPAT_") or \
                    depth_at(text, match.start()) > 1:
                continue
            rules[name] = rule
            text = text[:match.start()] + text[match.end():]
    return rules, re.sub(r"\n{3,}", "\n\n", text)


class Compat:
    """compat/ for one kernel: rules, and what is left of each header."""

    def __init__(self, project, tree, answers=None):
        self.answers = probe(project, tree) if answers is None else answers
        self.rules = {}
        self.rests = {}
        unifdefs = self.answers + list(asked(tree))
        for path in sorted(Path(project, "compat").glob("*.h")):
            if path.name not in UNUSED:
                self.add_header(path.name, unifdef(path.read_text(encoding="utf-8"), unifdefs))
        self.add_rules_of_tree(tree)

    def add_header(self, name, text):
        home, kept = HOMES.get(name, ("compat.h", set()))
        rules, text = take_rules(text, kept)
        includes = INCLUDE.findall(text)
        for rule in rules.values():
            rule.headers = includes
        self.rules.update(rules)
        names = defined_names(text) if has_code(text) else set()
        # A function by the kernel's own name is one that this kernel lacks.
        if any(not re.match(r"dt_|DT_|NMI_", n) for n in names):
            home = "compat.h"
        self.rests[name] = Rest(text, names, includes, home)

    def add_rules_of_tree(self, tree):
        for name, body, params, header, where in IN_TREE:
            if not has(tree, where):
                continue
            quote = '"' if "-DDT_HAVE_NS_STRING=1" in self.answers else ""
            body = re.sub(r"\{(\w+)\}", rf"{quote}\1{quote}", body)
            self.rules[name] = Rule(params, body, [header] if header else [])
            for rest in self.rests.values():
                rest.names.discard(name)
            if name == "param_value_of":
                self.rests["kunit.h"].names.clear()

    def apply(self, text):
        """A text with all calls of wrappers replaced."""
        for name, rule in self.rules.items():
            if name in text:
                text = apply_rule(text, name, rule)
        return text

    def headers_for(self, name, text):
        """What a file that includes compat/NAME includes instead, as <names>, and whether it needs
        what is left of it."""
        rest = self.rests[name]
        needed = any(re.search(rf"\b{n}\b", text) for n in rest.names)
        return [h for h in rest.includes if h in NEEDED_FOR and re.search(NEEDED_FOR[h], text) or
                h not in NEEDED_FOR and not needed], needed


def with_arguments(body, arguments):
    """A body with an argument for each parameter, in brackets where it needs them. A member that
    has the name of a parameter is none."""
    names = "|".join(map(re.escape, arguments))

    def argument(match):
        given = arguments[match[1] or match[2]]
        return given if re.fullmatch(r"[\w.\[\]]+(->[\w.\[\]]+)*", given) else f"({given})"

    if not names:
        return body
    text = re.sub(rf"(?<!\w)\(({names})\)|(?<!->)(?<!\.)\b({names})\b", argument, body)
    text = re.sub(r"\(&([\w.\->\[\]]+)\)->", r"\1.", text)
    # A reference needs none as a whole argument, as what is assigned, and after a cast.
    text = re.sub(r"(?<=[(,=] )\((&[\w.\->\[\]]+)\)(?=[,)]|$)|(?<=\()\((&[\w.\->\[\]]+)\)(?=[,)])",
                  lambda match: match[1] or match[2], text)
    return re.sub(r"(\*\))\((&[\w.\->\[\]]+)\)", r"\1\2", text)


def after_bracket(text, at):
    """Where what follows the bracket ends that is open before at: one past the text if it does not."""
    depth = 1
    while depth:
        if at == len(text):
            return at + 1
        depth += (text[at] == "(") - (text[at] == ")")
        at += 1
    return at


def is_bracketed(text):
    """Whether one pair of brackets is around all of it."""
    return text.startswith("(") and after_bracket(text, 1) == len(text)


def fits_without_brackets(text, start, end):
    """Whether an expression there is a whole argument, or one of terms joined by its operator."""
    before, after = text[:start].rstrip()[-1:], text[end:].lstrip()[:1]
    return before in "(,|" and after in "),|"


COLUMNS = 100


def columns(text):
    return len(text.expandtabs(8))


def tabs_to(column):
    return "\t" * (column // 8) + " " * (column % 8)


def open_bracket(text):
    """The column after the innermost bracket that is open at the end of a line."""
    opened = []
    for at, char in enumerate(text):
        if char in "([":
            opened.append(columns(text[:at + 1]))
        elif char in ")]" and opened:
            opened.pop()
    return opened[-1] if opened else None


def fitted(new, old):
    """A line that was changed, in as many lines as it needs; a macro's backslash stays where it
    was."""
    if old.endswith("\\"):
        body = new[:-1].rstrip()
        gap = (columns(old) - 1 - columns(body) + 7) // 8
        return body + ("\t" * gap if gap > 0 else " ") + "\\"
    if columns(new) <= COLUMNS or columns(old) > COLUMNS:
        return new
    for match in list(re.finditer(r"(?<=,) |(?<= \|) |(?<= &&) ", new))[::-1]:
        column = open_bracket(new[:match.start()])
        if column and columns(new[:match.start()]) <= COLUMNS:
            return new[:match.start()] + "\n" + tabs_to(column) + new[match.end():]
    return new


def apply_rule(text, name, rule):
    """A text with the calls of one wrapper replaced, and with lines that fit."""
    if "\n" in rule.body:
        return replace_calls(text, name, rule)
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if name in line:
            # A call may go on in the next lines, which stay as they are.
            if unclosed(line):
                return "\n".join([*lines[:at], replace_calls("\n".join(lines[at:]), name, rule)])
            lines[at] = fitted(replace_calls(line, name, rule), line)
    return "\n".join(lines)


def unclosed(line):
    return line.count("(") > line.count(")")


def replace_calls(text, name, rule):
    pattern = re.compile(rf"(?<![\w.>]){name}\b" + (r"\(" if rule.params is not None else ""))
    at = 0
    while match := pattern.search(text, at):
        end = match.end()
        body = rule.body
        if rule.params is not None:
            end = after_bracket(text, end)
            arguments = split_top(text[match.end():end - 1]) if end - 1 > match.end() else []
            if len(arguments) != len(rule.params):
                raise Refusal(f"{name}() is called with {len(arguments)} arguments")
            body = with_arguments(body, dict(zip(rule.params, arguments)))
        if is_bracketed(body) and fits_without_brackets(text, match.start(), end):
            body = body[1:-1]
        text = text[:match.start()] + body + text[end:]
        at = match.start() + len(body)
    return text
