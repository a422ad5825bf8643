/* mountinfo.h: the mounts that this process sees, a line at a time, however
 * many they are: a machine of many containers has a table of megabytes.
 *
 * A line is one mount, as proc_pid_mountinfo(5) has it:
 *     36 35 98:0 /root /point options [tag[:value]...] - type source options
 * No allocation. What a line means is for pathconv's mounts_parse.
 */
#ifndef LANDBRIDGE_LIB_MOUNTINFO_H
#define LANDBRIDGE_LIB_MOUNTINFO_H

#include <stddef.h>

struct mountinfo {
	int fd;
	size_t at, len;       /* what was read and not yet given: text[at, len) */
	char text[16384 + 1]; /* more than a line has */
};

/* 0 or negative errno. The table is that of the moment, read as it goes: a
 * mount that comes or goes meanwhile may be seen or not. */
int mountinfo_open(struct mountinfo *m);
void mountinfo_close(struct mountinfo *m);

/* 1: *line is the next one, without its newline, *len bytes and a NUL that are
 * the caller's until the next call. 0: that was all. Negative errno;
 * -ENAMETOOLONG: a line is longer than `text`. */
int mountinfo_next(struct mountinfo *m, char **line, size_t *len);

#endif
