/* modules_dep.h: modules.dep(5), searched in place; and what is appended to a
 * module's file.
 *
 * Pure. A line is "path: path path ...": the module and all it needs, what
 * must be loaded first named last.
 */
#ifndef LANDBRIDGE_LIB_MODULES_DEP_H
#define LANDBRIDGE_LIB_MODULES_DEP_H

#include <stdbool.h>
#include <stddef.h>

/* A piece of the text, not NUL-terminated. */
struct piece {
	const char *at;
	size_t len;
};

/* A line: the module's file, and the rest. */
struct module_dep {
	struct piece path, needs;
};

/* Walks the lines: *text is what is left of the file. Lines without a colon are
 * passed over. False: no more. */
bool modules_dep_next(struct piece *text, struct module_dep *line);

/* Finds the line of a module by its name ('-' and '_' are the same; the file
 * is NAME.ko, or NAME.ko.xz, .zst or .gz). False: there is none. */
bool modules_dep_find(struct piece text, const char *name, struct module_dep *line);

/* Takes the last path off *needs: what must be loaded next. False: none left. */
bool modules_dep_last(struct piece *needs, struct piece *path);

/* The module's name (underscores) from its path, cut to size; "" when the path
 * is no module's. */
void module_name(struct piece path, char *name, size_t size);

/* How much of a module's file is left without the signature that is appended
 * to it: all of it where there is none. Source: the kernel's module-signing. */
size_t module_unsigned(const char *file, size_t len);

#endif
