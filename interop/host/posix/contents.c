/* contents.c: bytes with their holes; owners, attributes, modes, times. */
#include "interop/host/posix/contents.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/lib.h"

enum { CHUNK = 256 * 1024, BLOCK = 4096, NAMES = 64 * 1024 };

/* --- bytes ------------------------------------------------------------------------ */

static bool is_zero(const char *data, size_t len)
{
	return len == 0 || (data[0] == 0 && memcmp(data, data + 1, len - 1) == 0);
}

/* How much from the front is alike: zero in whole blocks, or not. */
static size_t run_of(const char *data, size_t len, bool *zero)
{
	size_t run = 0;

	for (; run < len; run += BLOCK) {
		size_t part = len - run < BLOCK ? len - run : BLOCK;
		bool is = is_zero(data + run, part);

		if (run == 0)
			*zero = is;
		else if (is != *zero)
			return run;
	}
	return len;
}

static int write_at(int to, const char *data, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(to, data, len, at);

		if (n < 0)
			return -errno; /* EINTR: we are to end */
		data += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* All but the zeros. */
static int write_sparse(int to, const char *data, size_t len, off_t at)
{
	bool zero = false;
	int r = 0;

	for (size_t run; len > 0 && r == 0; data += run, at += (off_t)run, len -= run) {
		run = run_of(data, len, &zero);
		if (!zero)
			r = write_at(to, data, run, at);
	}
	return r;
}

/* Where the next bytes are; the end of the file where there are none. */
static off_t next_data(int from, off_t at, const struct stat *st)
{
	off_t next = lseek(from, at, SEEK_DATA);

	if (next < 0)
		return errno == ENXIO && st->st_size > at ? st->st_size : at;
	return next > at ? next : at;
}

int contents_copy(int from, int to, const struct stat *st, const volatile sig_atomic_t *stop)
{
	const bool sparse = st->st_blocks < st->st_size / 512;
	char *data = malloc(CHUNK);
	off_t at = 0;
	int r = data ? 0 : -ENOMEM;

	while (r == 0) {
		ssize_t n;

		if (sparse)
			at = next_data(from, at, st);
		n = *stop ? -1 : pread(from, data, CHUNK, at);
		if (*stop)
			r = -EINTR;
		else if (n < 0)
			r = errno == EINTR ? 0 : -errno;
		else if (n == 0)
			break;
		else
			r = sparse ? write_sparse(to, data, (size_t)n, at)
				   : write_at(to, data, (size_t)n, at);
		at += n > 0 ? n : 0;
	}
	free(data);
	return r == 0 && sparse && ftruncate(to, at) < 0 ? -errno : r;
}

/* --- what is said of it ------------------------------------------------------------- */

mode_t attributes_mode(const struct stat *st, unsigned flags, bool owned)
{
	return st->st_mode & (owned && !(flags & ATTRIBUTES_WARY) ? 07777 : 01777);
}

/* It is no fault of the copy's that the other side does not have such a thing, or does
 * not let this user set it. */
static bool is_refusal(int error)
{
	return error == EPERM || error == EACCES || error == EINVAL || error == EOPNOTSUPP ||
	       error == ENOSYS;
}

/* Whether it has its owner then; or negative errno. */
static int owner_copy(int dir, const char *name, const struct stat *st, unsigned flags)
{
	if (!(flags & ATTRIBUTES_OWNER))
		return false;
	if (fchownat(dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) == 0)
		return true;
	return is_refusal(errno) ? 0 : -errno;
}

static bool is_copied(const char *name, unsigned flags)
{
	return strncmp(name, "user.", 5) == 0 ||
	       (flags & ATTRIBUTES_OWNER && strncmp(name, "system.posix_acl_", 17) == 0);
}

static int extended_copy(int from, int to, const char *name, char *value)
{
	ssize_t len = fgetxattr(from, name, value, NAMES);

	if (len < 0 || fsetxattr(to, name, value, (size_t)len, 0) == 0 || is_refusal(errno))
		return 0;
	/* There is no room for it with that file, not on the disk. */
	return errno == ENOSPC ? -E2BIG : -errno;
}

static int all_extended_copy(int from, int to, unsigned flags)
{
	char *names = malloc((size_t)2 * NAMES), *value = names + NAMES;
	ssize_t len = names ? flistxattr(from, names, NAMES - 1) : 0;
	int r = names ? 0 : -ENOMEM;

	if (len > 0)
		names[len] = '\0';
	for (ssize_t at = 0; at < len && r == 0; at += (ssize_t)strlen(names + at) + 1)
		if (is_copied(names + at, flags))
			r = extended_copy(from, to, names + at, value);
	free(names);
	return r;
}

int attributes_copy(int from, int to, const struct stat *st, unsigned flags)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	int owned = owner_copy(to, "", st, flags), r = owned < 0 ? owned : 0;

	if (r == 0)
		r = all_extended_copy(from, to, flags);
	if (r == 0 && fchmod(to, attributes_mode(st, flags, owned)) < 0)
		r = -errno;
	if (r == 0 && futimens(to, times) < 0)
		r = -errno;
	return r;
}

int attributes_name(int dir, const char *name, const struct stat *st, unsigned flags)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	int owned = owner_copy(dir, name, st, flags);

	if (owned < 0)
		return owned;
	return utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}
