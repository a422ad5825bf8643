/* scratch.h: a directory for one test. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_TEST_SCRATCH_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_TEST_SCRATCH_H

extern char scratch[];

/* Makes it: 0, or -1. */
int scratch_make(void);
/* A teardown: it is gone, with all in it. */
int scratch_remove(void **state);

/* NAME in it, until the next call but one. */
const char *at(const char *name);

#endif
