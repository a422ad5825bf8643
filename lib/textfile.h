/* textfile.h: a whole text file, to be taken apart in place. It may be whatever an
 * image has under its name: FIFOs and devices are empty, and more than TEXTFILE_MAX
 * bytes are -EFBIG.
 */
#ifndef LANDBRIDGE_LIB_TEXTFILE_H
#define LANDBRIDGE_LIB_TEXTFILE_H

#include <stddef.h>

enum { TEXTFILE_MAX = 64 << 20 };

/* In memory of its own, not the heap's: private, writable, and with a NUL behind
 * its last byte. */
struct textfile {
	char *at;
	size_t len;
	size_t size; /* of the mapping */
};

/* 0, or negative errno: then there is nothing to drop, and the text is empty. */
int textfile_read(struct textfile *text, const char *path);
void textfile_drop(struct textfile *text);

#endif
