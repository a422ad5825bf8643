/* nss.h: the image's own name service, asked by its getent(1): a static program must
 * not load the image's modules (LDAP, sssd, systemd's users).
 */
#ifndef LANDBRIDGE_INIT_NSS_H
#define LANDBRIDGE_INIT_NSS_H

#include <stddef.h>
#include <sys/types.h>

/* The first line of `getent DATABASE KEY`, without its end: its length, or negative
 * errno; -ENOENT: nobody knows. Takes up to 5 s: not for PID 1. */
ssize_t nss_ask(const char *database, const char *key, char *line, size_t size);

#endif
