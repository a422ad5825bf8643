/* drives.h: the host directories that are drives, of the guest and of the
 * programs it starts. Decided before the VM, the agent and Wine, who all
 * are given the same list; HELLO tells it to the guest. What comes and goes later
 * passes the machine's supervisor (posix/drive_desk.h).
 */
#ifndef LANDBRIDGE_INTEROP_HOST_DRIVES_H
#define LANDBRIDGE_INTEROP_HOST_DRIVES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interop/host/host.h"

struct drive {
	char letter; /* 'A' to 'Z' */
	bool read_only;
	char dir[PATH_MAX];    /* where who has this list finds it */
	char origin[PATH_MAX]; /* the host's own name for it; "": the same */
};

enum { DRIVES_MAX = 26 };

struct drives {
	struct drive at[DRIVES_MAX];
	size_t count;
};

/* Parses C:=DIR[,ro]. Pure. */
int drive_parse(struct drives *drives, const char *text, struct fault *why);
/* Refuses a read-only drive that lies in one that is not, or in the directory
 * `prefix`, where Wine writes: through that its files could be changed. The
 * directories are absolute, without links. Pure. */
int drives_check(const struct drives *drives, const char *prefix, struct fault *why);
/* Whether the path is the directory or lies in it, both absolute and without links. Pure. */
bool path_lies_in(const char *path, const char *dir);
/* The directory as the host knows it, by which drives lie in each other. */
const char *drive_origin(const struct drive *drive);
/* NULL when there is none. */
const struct drive *drives_find(const struct drives *drives, char letter);
/* As HELLO has them: bit 0 is A:. */
uint32_t drives_letters(const struct drives *drives);
uint32_t drives_read_only(const struct drives *drives);
/* Adds one whose letter is free. */
void drives_add(struct drives *drives, char letter, const char *dir);
/* Takes one away that is there or not; others may change places. */
void drives_drop(struct drives *drives, char letter);
/* The letter that "e:" or "E:" is; 0: it is none. */
char drive_letter(const char *text);

#endif
