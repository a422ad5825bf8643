/* size.h: sizes as a person writes them: 512M, 2G, 768 (MiB). Pure. */
#ifndef LANDBRIDGE_INTEROP_HOST_SIZE_H
#define LANDBRIDGE_INTEROP_HOST_SIZE_H

/* In MiB. 0, or -1: it is none, or not from `min` to `max`. */
int size_parse(unsigned *mib, const char *text, unsigned min, unsigned max);

#endif
