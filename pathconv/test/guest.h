/* guest.h: a guest for the tests: mount tables written as mountinfo text. */
#ifndef LANDBRIDGE_PATHCONV_TEST_GUEST_H
#define LANDBRIDGE_PATHCONV_TEST_GUEST_H

#include "pathconv/pathconv.h"

enum { GUEST_MOUNTS = 64, GUEST_TEXT = 8192 };

struct guest {
	char text[GUEST_TEXT];
	struct mount at[GUEST_MOUNTS];
	struct mounts mounts;
	struct pathconv pc;
};

/* A guest named "deb" with these mounts and no current directory. */
void guest_make(struct guest *g, const char *mountinfo);

/* One conversion: `want` is the result, or NULL and then `error` counts. */
struct row {
	const char *in;
	const char *want;
	int error;
	const char *cwd;
	unsigned flags;
};

/* Prints the rows that came out wrong and returns how many they were. */
typedef ssize_t converter(const struct pathconv *pc, const char *path, unsigned flags, char *out,
			  size_t size);
int guest_check(struct guest *g, converter *convert, const struct row *rows, size_t count);

#endif
