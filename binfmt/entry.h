/* entry.h: one entry of ours in binfmt_misc. Private to binfmt. */
#ifndef LANDBRIDGE_BINFMT_ENTRY_H
#define LANDBRIDGE_BINFMT_ENTRY_H

enum { ENTRY_MAX = 1024 }; /* of an entry's text, but for the interpreter's path */

enum entry_state {
	ENTRY_READY, /* enabled, and as we make it */
	ENTRY_MISSING,
	ENTRY_OTHER, /* switched off, or another interpreter, magic or flags */
};

/* That for MZ files, whatever the switch for all says: an enum entry_state or
 * negative errno. */
int entry_look_mz(const char *dir, const char *interpreter);

#endif
