/* header.c: whether a file is a Windows program, by its first bytes. */
#include "interop/host/posix/header.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "binfmt/binfmt.h"
#include "interop/host/posix/canonical.h"
#include "lib/fd.h"

/* Of a file that is open. One that is a program for two systems has Windows' header too. */
static const char *refuse_open(int fd)
{
	char head[PE_HEAD];
	struct stat st;
	struct pe pe;
	enum pe_kind kind;
	ssize_t len;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return pe_refusal(PE_NOT_MZ);
	len = fd_read_full(fd, head, sizeof(head));
	if (len < 0)
		return NULL;
	kind = pe_read(&pe, head, (size_t)len);
	return kind == PE_APE && pe.machine ? NULL : pe_refusal(kind);
}

const char *header_refuse(const struct drives *drives, const char *path)
{
	const char *refusal;
	char real[PATH_MAX];
	int fd;

	if (canonical_file(drives, path, real) < 0)
		return NULL;
	/* Neither a link that has come meanwhile nor a pipe that nobody writes. */
	fd = open(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	refusal = refuse_open(fd);
	close(fd);
	return refusal;
}
