/* p9check.h: what the parts of p9check share; p9check.c says what it does. */
#ifndef LANDBRIDGE_P9CHECK_H
#define LANDBRIDGE_P9CHECK_H

#include <errno.h>

extern int failures;      /* so far */
extern const char *other; /* the directory's second mount */

void fail(const char *file, int line, const char *what);

#define ok(e)                                         \
	do {                                          \
		errno = 0;                            \
		if (!(e))                             \
			fail(__FILE__, __LINE__, #e); \
	} while (0)
#define fails(e, error) ok((e) < 0 && errno == (error))

void check_locks(void); /* in the current directory and in `other` */

/* 0: nothing failed. */
int run_fsx(const char *name, int seconds, unsigned seed, int with_mmap);
int run_many_open(const char *dir);
int run_vsock(unsigned port);

#endif
