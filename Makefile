# SPDX-License-Identifier: GPL-2.0
# What a person types; what the kernel's build reads is in Kbuild.

KDIR ?= /lib/modules/$(shell uname -r)/build

modules:
	@test -d "$(KDIR)" || { \
		echo "No kernel build tree at $(KDIR)."; \
		echo "Install the headers of the kernel, or say where it is: make KDIR=..."; \
		exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

modules_install clean: %:
	$(MAKE) -C $(KDIR) M=$(CURDIR) $@

demo test check:
	./scripts/$@ $(ARGS)

help:
	@echo 'make                  build the modules against the running kernel'
	@echo 'make KDIR=DIR         build them against the kernel whose build tree is DIR'
	@echo 'make modules_install  install them'
	@echo 'make clean            remove what a build left'
	@echo 'make demo             real packets, freed piece by piece, on a stock kernel in QEMU'
	@echo 'make test             the KUnit suites on a debug kernel in QEMU'
	@echo 'make check            style and static checks'
	@echo 'ARGS="..." is passed on to demo, test and check; see ./scripts/demo --help and so on'

.PHONY: modules modules_install clean demo test check help
.DEFAULT_GOAL := modules
