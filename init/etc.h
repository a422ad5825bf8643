/* etc.h: the host name, and the files in /etc that are made for a run. */
#ifndef LANDBRIDGE_INIT_ETC_H
#define LANDBRIDGE_INIT_ETC_H

#include <stddef.h>

struct distro;

enum { HOSTNAME_SIZE = 65 };

/* A host name out of any text: letters, digits and '-' stay, dots stay single,
 * all else goes, as do '-' and '.' at either end. "localhost" if nothing stays. */
void hostname_clean(char out[HOSTNAME_SIZE], const char *text);

/* As fmt(): the length the whole text has. host: an address for host.landbridge; NULL:
 * there is no such name. */
size_t hosts_text(char *out, size_t size, const char *hostname, const char *host);

/* A distribution's steps: the host name and its file; the others. */
int step_hostname(struct distro *d);
int step_etc(struct distro *d);

#endif
