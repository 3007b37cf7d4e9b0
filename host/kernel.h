/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's headers for programs: scripts/lib/host.sh makes each header that the core includes
 * one that includes this. So the core's files are compiled as they are.
 */
#ifndef DUALTREE_HOST_KERNEL_H
#define DUALTREE_HOST_KERNEL_H

#include "kernel/base.h"
#include "kernel/context.h"
#include "kernel/dma.h"
#include "kernel/list.h"
#include "kernel/memory.h"
#include "kernel/module.h"
#include "kernel/vectors.h"
#include "kernel/work.h"

#endif /* DUALTREE_HOST_KERNEL_H */
