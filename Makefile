# SPDX-License-Identifier: GPL-2.0
# What a person types; what the kernel's build reads is in Kbuild.

KDIR ?= /lib/modules/$(shell uname -r)/build
# Headers, dualtree.mk and each kernel's Module.symvers, for the drivers of others.
DEVDIR ?= /usr/src/dualtree

ifneq ($(DESTDIR),)
INSTALL_MOD_PATH ?= $(DESTDIR)
export INSTALL_MOD_PATH
endif

modules modules_install clean: kernel-tree
	$(MAKE) -C $(KDIR) M=$(CURDIR) $@

kernel-tree:
	@test -f "$(KDIR)/Makefile" || { \
		echo "No kernel build tree at $(KDIR)."; \
		echo "Install the headers of the kernel (Debian: linux-headers-amd64" \
			"and the like), or say where it is: make KDIR=..."; \
		exit 1; } >&2

# Debian's kernelrelease is not the release, utsrelease.h is. The kernel's own modules_install leaves
# depmod out where the headers have no System.map.
install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install
	release=$$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h) && \
	test -n "$$release" && \
	install -d $(DESTDIR)$(DEVDIR)/include/dualtree $(DESTDIR)$(DEVDIR)/$$release && \
	install -m 644 include/dualtree/*.h $(DESTDIR)$(DEVDIR)/include/dualtree && \
	install -m 644 dualtree.mk $(DESTDIR)$(DEVDIR) && \
	install -m 644 Module.symvers $(DESTDIR)$(DEVDIR)/$$release && \
	if [ -z "$(INSTALL_MOD_PATH)" ]; then depmod $$release; fi

# What shows instances at work.
TOOLS_DIR ?= tools
tools: $(TOOLS_DIR)/dualtree-top
$(TOOLS_DIR)/dualtree-top: tools/dualtree-top.c
	$(CC) $(or $(CFLAGS),-O2 -Wall -Wextra) -o $@ $<

demo test check deb:
	./scripts/$@ $(ARGS)

help:
	@echo 'make                  build the modules against the running kernel'
	@echo 'make KDIR=DIR         build them against the kernel whose build tree is DIR'
	@echo 'make DUALTREE_ALL=1   build the samples, the benchmarks and the suites, too'
	@echo 'make install          install them, and what drivers need to call them; see'
	@echo '                      Documentation/install.rst'
	@echo 'make modules_install  install the modules alone'
	@echo 'make tools            build tools/dualtree-top, which shows what instances hold'
	@echo 'make deb              build the Debian packages'
	@echo 'make clean            remove what a build left'
	@echo 'make demo             real packets, freed piece by piece, on a stock kernel in QEMU'
	@echo 'make test             the KUnit suites on a debug kernel in QEMU'
	@echo 'make check            style and static checks'
	@echo 'ARGS="..." is passed on to demo, test, check and deb; see ./scripts/demo --help and so on'

.PHONY: modules modules_install clean kernel-tree install tools demo test check deb help
.DEFAULT_GOAL := modules
