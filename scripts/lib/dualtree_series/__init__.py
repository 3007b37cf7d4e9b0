# SPDX-License-Identifier: GPL-2.0
"""
A series of patches against the source of a kernel, made from this project. scripts/series runs it.

    __main__    the commands
    patches     which patches there are, and what each has
    compat      what compat/ comes to, for one kernel
    rewrite     a source of ours as it is in the kernel's tree
    faults      the sample without the faults that it injects
    build       Kconfig and Makefiles, for what the patches up to one have
    page        Documentation/core-api/dualtree.rst, put together from our pages
    letter      the cover letter, with figures from our tables
    commits     the files as commits, and these as patches
"""
