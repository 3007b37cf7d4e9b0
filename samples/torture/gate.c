// SPDX-License-Identifier: GPL-2.0
/*
 * The gate; see gate.h.
 */
#include "gate.h"

bool gate_open;

void gate_set_open(void)
{
	/* Who finds it open sees all that was prepared before. */
	smp_store_release(&gate_open, true);
}

void gate_close(void)
{
	WRITE_ONCE(gate_open, false);
	synchronize_rcu();
}
