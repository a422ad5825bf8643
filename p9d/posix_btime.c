/* posix_btime.c: the one thing only statx(2) tells, which not every C library
 * has, and whose kernel header does not go together with <sys/stat.h>. */
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/stat.h>

#include "p9d/posix_btime.h"

void fs_birth_time(int fd, struct p9_time *btime)
{
	struct statx stx;

	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BTIME, &stx) == 0 &&
	    stx.stx_mask & STATX_BTIME) {
		btime->sec = (uint64_t)stx.stx_btime.tv_sec;
		btime->nsec = stx.stx_btime.tv_nsec;
	}
}
