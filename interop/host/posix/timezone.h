/* timezone.h: this host's time zone, by the name that the guest's tzdata has too. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_TIMEZONE_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_TIMEZONE_H

#include <stdbool.h>

enum { TIMEZONE_MAX = 64 };

/* Whether a text is the name of a zone ("Europe/Berlin"): no rule as TZ may have one,
 * no path. Pure. */
bool timezone_is_name(const char *text);

/* That of $TZ, or to which /etc/localtime is a link; "" where neither is a name. */
void timezone_find(char zone[TIMEZONE_MAX]);

#endif
