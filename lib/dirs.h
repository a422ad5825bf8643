/* dirs.h: directory entries without the heap that readdir(3) needs. */
#ifndef LANDBRIDGE_LIB_DIRS_H
#define LANDBRIDGE_LIB_DIRS_H

#include <stdbool.h>

/* Calls `each` for every name in the directory but . and .., until it returns
 * false. 0 or negative errno. The descriptor's offset moves to the end. */
struct dir_walk {
	bool (*each)(struct dir_walk *walk, int dir, const char *name);
};
int dir_each(int dir, struct dir_walk *walk);
int dir_each_path(const char *path, struct dir_walk *walk);

/* Removes all below a directory, staying on its file system; `keep` (or NULL)
 * is a name in it that stays. Goes at most 16 levels deep. */
void dir_empty(int dir, const char *keep);

#endif
