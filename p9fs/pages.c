/* pages.c: memory of buffers that are not in use. */
#include "p9fs/pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void pages_rest(void *mem, size_t len)
{
	size_t page = (size_t)getpagesize();
	size_t skip = -(uintptr_t)mem % page; /* to where its first whole page begins */

	if (mem && len >= skip + page)
		madvise((char *)mem + skip, (len - skip) / page * page, MADV_DONTNEED);
}
