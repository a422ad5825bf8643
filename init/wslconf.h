/* wslconf.h: the grammar of /etc/wsl.conf, a line at a time.
 *
 *     [section]            # comment to the end of the line
 *     key = value "quoted # value" \t
 *
 * Names are letters and digits, a letter first; case does not matter. Blanks
 * around a value go, unless quoted. Escapes: \\ \" \b \n \t, and a backslash
 * at the end of a line joins the next one. CRLF is taken for LF. A line that
 * is none of this is reported and skipped; what follows it still counts
 * (until the next section header when the bad line is a header).
 *
 * Pure: no system calls, no allocation; the text is rewritten in place.
 */
#ifndef LANDBRIDGE_INIT_WSLCONF_H
#define LANDBRIDGE_INIT_WSLCONF_H

#include <stdbool.h>
#include <stddef.h>

enum { WSLCONF_SHOWN = 32 };
enum wslconf_what { WSLCONF_END, WSLCONF_ENTRY, WSLCONF_BAD };

struct wslconf {
	char *at, *end;
	const char *section; /* NULL: none yet, or its header was bad */
	unsigned next_line;
	unsigned line; /* of what wslconf_next returned, from 1 */
	/* Of an entry; NUL-terminated, valid as long as the text. */
	const char *key, *value;
	/* Of a bad line: what is wrong with it, and how it begins. */
	const char *why;
	char text[WSLCONF_SHOWN];
};

/* Makes UTF-8 of a file's text in its place, without a byte order mark: UTF-16
 * with one is converted, anything else stays. `size` bytes are there; *cut is
 * set where they are too few for all of it. The new length. */
size_t wslconf_utf8(char *text, size_t len, size_t size, bool *cut);

/* `text` needs one byte of room after its `len` bytes. */
void wslconf_init(struct wslconf *conf, char *text, size_t len);
enum wslconf_what wslconf_next(struct wslconf *conf);

#endif
