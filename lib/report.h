/* report.h: what a check-up finds: a line for each thing that was looked at, for people
 * or (an object a line) for programs.
 */
#ifndef LANDBRIDGE_LIB_REPORT_H
#define LANDBRIDGE_LIB_REPORT_H

#include <stdbool.h>

#include "lib/macros.h"

enum report_state {
	REPORT_OK,
	REPORT_NOTE, /* works, but not as it could */
	REPORT_FAIL,
};

struct checkup {
	int fd;
	bool json, failed;
};

/* "ok    wine      text", or {"check": "wine", "state": "ok", "text": "text"}. Text that
 * others wrote may be in it: control characters are left out. */
void report_line(struct checkup *report, enum report_state state, const char *check,
		 const char *format, ...) LIKE_PRINTF(4, 5);

#endif
