/* log.h: one line per event, written with one write(2), for people to read.
 *
 * Only programs and daemons log; libraries return errors. A line reads
 *     who: what could not be done to what: why (what to try)
 * and goes to a terminal or file as it is, or to /dev/kmsg with its priority
 * (kernel document: admin-guide/printk "Writing to /dev/kmsg", ABI/testing/dev-kmsg).
 */
#ifndef LANDBRIDGE_LIB_LOG_H
#define LANDBRIDGE_LIB_LOG_H

#include <stdbool.h>

#include "lib/macros.h"

/* Kernel log priorities, so that dmesg(1) sorts our lines among its own. */
enum log_level { LOG_LEVEL_ERR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_NOTE = 5 };

/* Where the lines of one program go. Lines longer than 1000 bytes are cut.
 * Lines with a level above `max` are dropped. */
struct log {
	int fd;          /* -1: drop everything */
	bool kmsg;       /* fd is /dev/kmsg: write "<N>" before each line */
	bool polls;      /* fd may block: a line for which there is no room is dropped */
	const char *who; /* "init", "landbridge": first word of every line */
	int max;
};

void log_line(const struct log *log, enum log_level level, const char *format, ...)
	LIKE_PRINTF(3, 4);

#define log_err(log, ...) log_line((log), LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warn(log, ...) log_line((log), LOG_LEVEL_WARN, __VA_ARGS__)
#define log_note(log, ...) log_line((log), LOG_LEVEL_NOTE, __VA_ARGS__)

#endif
