/* etc.h: the texts of the files that are generated for a run. Pure. */
#ifndef LANDBRIDGE_INIT_ETC_H
#define LANDBRIDGE_INIT_ETC_H

#include <stddef.h>

enum { HOSTNAME_SIZE = 65 };

/* A host name out of any text: letters, digits and '-' stay, dots stay single,
 * all else goes, as do '-' and '.' at either end. "localhost" if nothing stays. */
void hostname_clean(char out[HOSTNAME_SIZE], const char *text);

/* As fmt(): the length the whole text has. */
size_t hosts_text(char *out, size_t size, const char *hostname);

#endif
