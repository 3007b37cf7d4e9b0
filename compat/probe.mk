# SPDX-License-Identifier: GPL-2.0
# Included by Kbuild: passes the answers of probe.sh to the compiler. On a kernel that refuse.h
# refuses, nothing is compiled, and the build prints its sentence only.

# Not for clean, for which the kernel's build reads Kbuild, too.
ifneq ($(filter %/Makefile.build,$(MAKEFILE_LIST)),)

dualtree-compat := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
dualtree-probed := $(shell $(CONFIG_SHELL) $(dualtree-compat)/probe.sh $(srctree) $(SRCARCH))
ifeq ($(dualtree-probed),)
$(error dualtree finds no headers of a kernel in $(srctree))
endif

# gcc says "error: #error dualtree needs...", clang leaves "#error" out.
dualtree-refused := $(shell $(CPP) $(NOSTDINC_FLAGS) $(LINUXINCLUDE) $(KBUILD_CPPFLAGS) \
			$(dualtree-probed) $(dualtree-compat)/refuse.h 2>&1 >/dev/null | \
			sed -n 's/.*error: .*\(dualtree needs .*\)/\1/p')
ifneq ($(dualtree-refused),)
$(error $(dualtree-refused))
endif

subdir-ccflags-y += $(dualtree-probed)

endif
