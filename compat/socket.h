/* SPDX-License-Identifier: GPL-2.0 */
/* From 6.19 on kernel_bind() and kernel_connect() take a struct sockaddr_unsized. */
#ifndef DUALTREE_COMPAT_SOCKET_H
#define DUALTREE_COMPAT_SOCKET_H

#include <linux/socket.h>

#if DT_HAVE_SOCKADDR_UNSIZED
#define dt_sockaddr(addr) ((struct sockaddr_unsized *)(addr))
#else
#define dt_sockaddr(addr) ((struct sockaddr *)(addr))
#endif

#endif /* DUALTREE_COMPAT_SOCKET_H */
