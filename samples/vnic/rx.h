/* SPDX-License-Identifier: GPL-2.0 */
/* The receive path: from a ring of buffers to packets for the stack. */
#ifndef VNIC_RX_H
#define VNIC_RX_H

struct napi_struct;

/* The poll of an end's NAPI: softirq, one at a time. */
int vnic_poll(struct napi_struct *napi, int budget);

#endif /* VNIC_RX_H */
