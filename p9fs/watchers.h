/* watchers.h: of which files of a file system somebody in this guest wants to hear,
 * by inotify(7) or fanotify(7). Private to p9fs.
 *
 * The kernel tells it only in proc(5), by /proc/PID/fdinfo of each process: a system
 * call or two for each descriptor that is open, and some 10 for each that watches.
 */
#ifndef LANDBRIDGE_P9FS_WATCHERS_H
#define LANDBRIDGE_P9FS_WATCHERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watchers {
	uint32_t device[2]; /* of the file system: major and minor number */
	uint64_t *inos;     /* sorted */
	size_t count, size;
	bool bad; /* memory was short: not all are there, and any may be */
};

/* Fills in inos, with what is watched now. Those before it are gone. */
void watchers_find(struct watchers *w);
bool watchers_has(const struct watchers *w, uint64_t ino);
void watchers_free(struct watchers *w);

/* Which file a line of an fdinfo says is watched: "inotify wd:1 ino:1f sdev:2d ...",
 * its device as the kernel writes it. False: none. Pure. */
bool watchers_line(const char *line, uint64_t *ino, uint32_t *sdev);

#endif
