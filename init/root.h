/* root.h: which device holds a distribution's root. */
#ifndef LANDBRIDGE_INIT_ROOT_H
#define LANDBRIDGE_INIT_ROOT_H

#include <stddef.h>

#include "lib/dirs.h"

struct distro;

enum { ROOTS_MAX = 16 };

/* Block devices that may hold the root. */
struct roots {
	struct root_candidate {
		char device[40]; /* "": a tag of the host's, see settings */
		const char *type;
	} at[ROOTS_MAX];
	size_t count;
	struct dir_walk top;
	char seen[160]; /* what is there if none does: a space before each device, its
			 * type, and what is at its top */
	int uevents;    /* tells of new devices; -1: closed */
};

/* Adds a word to what was seen. */
void root_seen(struct roots *roots, const char *word);

/* A distribution's step. */
int step_root(struct distro *d);

#endif
