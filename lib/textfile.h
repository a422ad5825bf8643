/* textfile.h: a whole text file of any size, to be taken apart in place.
 */
#ifndef LANDBRIDGE_LIB_TEXTFILE_H
#define LANDBRIDGE_LIB_TEXTFILE_H

#include <stddef.h>

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
