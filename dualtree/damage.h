/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Damage: a stray write has changed a link in free memory. See damage.c.
 */
#ifndef DUALTREE_DAMAGE_H
#define DUALTREE_DAMAGE_H

struct dualtree;

void dt_report_damage(struct dualtree *dt, const void *addr, const char *what);

#endif /* DUALTREE_DAMAGE_H */
