/* SPDX-License-Identifier: GPL-2.0 */
/* The receive path: from frames in the ring to packets for the stack. */
#ifndef VNIC_RX_H
#define VNIC_RX_H

struct napi_struct;

/* The poll of an end's NAPI. Softirq, one at a time. Return: frames received. */
int vnic_poll(struct napi_struct *napi, int budget);

#endif /* VNIC_RX_H */
