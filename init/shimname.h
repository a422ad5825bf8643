/* shimname.h: what a program of the host's is called among the guest's commands.
 *
 * Pure. A program is .exe or .com, and with CFG_SCRIPTS .bat or .cmd, which keep their
 * extension. Letters are ASCII's. No name begins with a dot or has a control character.
 */
#ifndef LANDBRIDGE_INIT_SHIMNAME_H
#define LANDBRIDGE_INIT_SHIMNAME_H

#include <limits.h>

enum { SHIM_NAME = NAME_MAX + 1 };

/* How it is called: NotePad.exe, notepad.exe, NotePad, notepad. */
enum shim_form { SHIM_SPELLED, SHIM_LOWER, SHIM_BARE, SHIM_BARE_LOWER, SHIM_FORMS };

/* Of two files of one directory that are called the same, by these forms of theirs. */
enum shim_claim {
	SHIM_NONE,   /* no such name */
	SHIM_SECOND, /* if no other is */
	SHIM_FIRST,  /* whichever else is: the name is spelled so; or .com before .exe */
};

/* The name of the file `entry` in that form. Each program has SHIM_LOWER. */
enum shim_claim shim_name(char out[SHIM_NAME], const char *entry, enum shim_form form);

#endif
