# SPDX-License-Identifier: GPL-2.0
# For the Kbuild of a driver that calls dualtree:
#
#	include /usr/src/dualtree/dualtree.mk
#
# The compiler then finds <dualtree/dualtree.h>, and modpost the symbols that the modules export.
# This file finds both from its own place: in /usr/src/dualtree, or in a source tree where make
# has been run.

dualtree-dir := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))

subdir-ccflags-y += -I$(dualtree-dir)/include

# Of the kernel that the driver is built for: from "make install", from dkms, from "make".
dualtree-symvers := $(firstword $(wildcard \
	$(dualtree-dir)/$(KERNELRELEASE)/Module.symvers \
	/var/lib/dkms/dualtree/kernel-$(KERNELRELEASE)-*/Module.symvers \
	$(dualtree-dir)/Module.symvers))

# The kernel's build reads a Kbuild to clean as well, without its configuration.
ifdef CONFIG_MODULES
ifeq ($(dualtree-symvers),)
$(error dualtree is not installed for kernel $(KERNELRELEASE): no Module.symvers. Install \
	dualtree-dkms and the headers of that kernel, or run "make install" in its sources)
endif
override KBUILD_EXTRA_SYMBOLS += $(dualtree-symvers)
endif
