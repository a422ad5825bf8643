/* enroll.c: landbridge enroll: two keys that fit each other. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "interop/host/posix/commands.h"
#include "interop/host/posix/where.h"
#include "interop/link/link.h"
#include "lib/lib.h"

enum { DAY = 24 * 60 * 60 };

/* A key that is there is somebody's. */
static int key_write(const struct key *key, const char *path)
{
	char text[KEY_TEXT_MAX];
	size_t len = key_format(key, text, sizeof(text));
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int error = fd < 0 ? -errno : fd_write_all(fd, text, len);

	explicit_bzero(text, sizeof(text));
	if (!error && fsync(fd) < 0)
		error = -errno;
	if (error && fd >= 0)
		unlink(path);
	fd_close(&fd);
	return error;
}

/* Makes a pair and both files, 0600, which must not be there yet: none is left where
 * it fails. */
static int keys_write(const char *host, const char *guest, int64_t until, struct fault *why)
{
	uint8_t random[2 * KEY_SEED];
	struct key ours = { .until = 0 }, theirs = { .until = 0 };
	const char *path = host;
	int error = getrandom(random, sizeof(random), 0) == sizeof(random) ? 0 : -EIO;

	if (!error) {
		key_make_pair(&ours, &theirs, random, until);
		error = key_write(&ours, host);
	}
	if (!error) {
		path = guest;
		error = key_write(&theirs, guest);
		if (error)
			unlink(host);
	}
	explicit_bzero(random, sizeof(random));
	key_forget(&ours);
	key_forget(&theirs);
	return error ? fault_set(why, HOST_FAILED, "unable to write the key %s: %s%s", path,
				 strerror(-error),
				 error == -EEXIST ? " (remove it, or choose another name)" : "")
		     : 0;
}

static int enroll(const struct options *o, struct fault *why)
{
	char dir[PATH_MAX], host[PATH_MAX], guest[PATH_MAX], text[3 * PATH_MAX + 512];
	const char *link = o->link ? o->link : "tcp:ADDRESS:PORT";
	struct dirs dirs;
	size_t len;
	int error;

	if (dirs_find(&dirs, why) < 0)
		return -1;
	error = o->dir ? path_format(dir, sizeof(dir), "%s", o->dir)
		       : path_format(dir, sizeof(dir), "%s/keys", dirs.home);
	if (!error && !o->dir)
		error = dir_make(dir, 0700);
	if (!error)
		error = path_format(host, sizeof(host), "%s/%s.host.key", dir, o->name);
	if (!error)
		error = path_format(guest, sizeof(guest), "%s/%s.guest.key", dir, o->name);
	if (error)
		return fault_set(why, HOST_FAILED, "unable to keep keys in %s: %s", dir,
				 strerror(-error));
	if (keys_write(host, guest, o->days ? time(NULL) + (int64_t)o->days * DAY : 0, why) < 0)
		return -1;
	len = fmt(text, sizeof(text),
		  "# Bring %s to the guest as /etc/landbridge.key, mode 600,\n"
		  "# and have in its /etc/wsl.conf:\n"
		  "[landbridge]\n"
		  "link = %s\n"
		  "key = /etc/landbridge.key\n"
		  "# Here: landbridge agent --listen %s --key %s --socket PATH\n",
		  guest, link, strncmp(link, "vsock:", 6) == 0 ? "vsock:CID:PORT" : link, host);
	return fd_write_all(STDOUT_FILENO, text, len) < 0
		       ? fault_set(why, HOST_FAILED, "unable to say what to do with the keys")
		       : 0;
}

int enroll_main(const struct options *options)
{
	struct fault why = { 0 };

	return enroll(options, &why) < 0 ? fault_print(&why) : 0;
}
