# SPDX-License-Identifier: GPL-2.0
"""
The sample without the faults that it injects: scripts/nic wants to see them reported, and a driver
in the kernel's tree does nothing wrong on purpose. What names "inject" goes: a function, a table,
a parameter, a member, and a statement with the condition that it is under.
"""
import re

from kernel_tree import Refusal

COMMENT = r"(?:/\*(?:[^*]|\*(?!/))*\*/\n)?"
PARTS = (
    # A type or a table, a function, a parameter.
    rf"^{COMMENT}(?:static )?[^\n;()]*\binject(?:_\w+)?\b[^\n;()]*\{{\n(?:\t[^\n]*\n)*\}};\n\n",
    rf"^{COMMENT}static [^\n;]*\b\w+_inject\([^\n;]*\)\n\{{\n(?:(?:\t[^\n]*)?\n)*\}}\n\n",
    rf"^{COMMENT}static [^\n]*\binject\b[^\n]*;\nmodule_param\(inject[^\n]*\nMODULE_PARM_DESC[^\n]*\n\n",
    # What is under a condition.
    r"^(?:\t/\*[^\n]*\*/\n)?\tif \([^\n]*\binject\b[^\n]*\)\n\t\t[^\n]*;\n",
    r"^\tif \([^\n]*\binject\b[^\n]*\) \{\n(?:\t\t[^\n]*\n)*\t\}\n",
    # A statement or a member, and what is said of it.
    r"^\t[^\n]*\b(?:\w+_)?inject\b[^\n]*;\n",
    r"^ \* @inject: [^\n]*\n",
)


def without_faults(text):
    """A source of the sample as the kernel's tree has it."""
    for part in PARTS:
        text = re.sub(part, "", text, flags=re.MULTILINE)
    if not re.search(r"\bpr_(?!fmt)\w+\(", text):
        text = re.sub(r"^#define pr_fmt\(.*\n\n", "", text, flags=re.MULTILINE)
    left = re.search(r"^.*inject.*$", text, re.MULTILINE | re.IGNORECASE)
    if left:
        raise Refusal(f"a fault is left in the sample: {left[0].strip()}")
    return text
