/* pages.h: memory of buffers that are not in use. Private to p9fs. */
#ifndef LANDBRIDGE_P9FS_PAGES_H
#define LANDBRIDGE_P9FS_PAGES_H

#include <stddef.h>

/* The whole pages in it hold nothing any more and take no memory until they are used
 * again. mem: from malloc(3), or NULL. */
void pages_rest(void *mem, size_t len);

#endif
