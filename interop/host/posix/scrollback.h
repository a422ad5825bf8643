/* scrollback.h: the newest part of an endless text, in a file. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_SCROLLBACK_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_SCROLLBACK_H

#include <stddef.h>

/* The file never has more; when it would, its older half goes. */
enum { SCROLLBACK_MAX = 1 << 20 };

struct scrollback {
	int fd; /* -1: none; what is added goes nowhere */
	size_t used;
};

/* Makes the file, or empties it. 0 or negative errno. */
int scrollback_open(struct scrollback *s, const char *path);
void scrollback_add(struct scrollback *s, const char *text, size_t len);
/* Copies all that is there. 0 or negative errno; -ENODATA: there is nothing. */
int scrollback_save(const struct scrollback *s, const char *path);
/* The same to HOME/log/NAME-PID.log; *out is where that is, "" where it cannot be. */
void scrollback_keep(const struct scrollback *s, const char *home, const char *name, char *out,
		     size_t size);
void scrollback_close(struct scrollback *s);

#endif
