/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The version. The modules carry it (modinfo); dkms.conf, the Debian packages and the
 * documentation read it from this line.
 */
#ifndef DUALTREE_VERSION_H
#define DUALTREE_VERSION_H

#define DUALTREE_VERSION "0.9.0"

#endif
