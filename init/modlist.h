/* modlist.h: modules.dep(5), searched in place.
 *
 * Pure. A line is "path: path path ...": the module and all it needs, what
 * must be loaded first named last.
 */
#ifndef LANDBRIDGE_INIT_MODLIST_H
#define LANDBRIDGE_INIT_MODLIST_H

#include <stdbool.h>
#include <stddef.h>

/* A piece of the text, not NUL-terminated. */
struct piece {
	const char *at;
	size_t len;
};

/* Finds the line of a module by its name ('-' and '_' are the same; the file
 * is NAME.ko, NAME.ko.xz, .zst or .gz). *path is its file, *needs the rest of
 * the line. False: there is none. */
bool modlist_find(const char *text, size_t len, const char *name, struct piece *path,
		  struct piece *needs);

/* Takes the last path off *needs: what must be loaded next. False: none left. */
bool modlist_last(struct piece *needs, struct piece *path);

/* The module's name (underscores) from its path, cut to size. */
void modlist_name(struct piece path, char *name, size_t size);

/* How much of a module's file is left without the signature that is appended
 * to it: all of it where there is none. Source: the kernel's module-signing. */
size_t modlist_unsigned(const char *file, size_t len);

#endif
