/* plain.h: text that others wrote, fit for a person's terminal. Pure. */
#ifndef LANDBRIDGE_INTEROP_HOST_PLAIN_H
#define LANDBRIDGE_INTEROP_HOST_PLAIN_H

#include <stddef.h>

/* Leaves in place what a terminal shows and nothing that drives it: printable
 * ASCII, and UTF-8 from U+00A0 on. Control characters go, the C1 ones (one byte
 * 0x80 to 0x9f, or U+0080 to U+009F) too, and what is no UTF-8; '\n' and '\t'
 * stay. Returns the new length; nothing is added at the end. Source: RFC 3629. */
size_t plain_text(char *text, size_t len);

#endif
