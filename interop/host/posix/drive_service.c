/* drive_service.c: starts what serves the host's drives to the guest. */
#include "interop/host/posix/drive_service.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop/host/posix/cgroup.h"
#include "lib/child.h"
#include "lib/lib.h"
#include "p9d/p9d.h"

/* Its descriptors. */
enum { STREAM = 3, DIRECTORY = 4, OUTSIDE = 5 };

static int *dir_of(struct drive_service *s, char letter)
{
	return &s->dirs[letter - 'A'];
}

void drive_service_begin(struct drive_service *s, const struct drives *drives, char folds,
			 int outside)
{
	*s = (struct drive_service){ .drives = drives, .folds = folds, .outside = outside };
	for (size_t i = 0; i < array_len(s->dirs); i++)
		s->dirs[i] = -ENOENT;
	for (size_t i = 0; i < drives->count; i++)
		drive_service_add(s, &drives->at[i]);
}

int drive_service_add(struct drive_service *s, const struct drive *drive)
{
	int *dir = dir_of(s, drive->letter);

	*dir = open(drive->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*dir < 0)
		*dir = -errno;
	return *dir < 0 ? *dir : 0;
}

void drive_service_drop(struct drive_service *s, char letter)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->letters[i] == letter)
			kill(s->servers[i], SIGKILL);
	fd_close(dir_of(s, letter));
	*dir_of(s, letter) = -ENOENT;
}

static _Noreturn void serve(const struct drive *drive, bool folds)
{
	char root[32];
	const struct p9d_config config = {
		.root = root, .read_only = drive->read_only, .drive = true, .folds = folds
	};

	cgroup_leave(OUTSIDE);
	close(OUTSIDE);
	/* By its descriptor: a path could lead elsewhere by now. */
	fmt(root, sizeof(root), "/proc/self/fd/%d", DIRECTORY);
	_exit(p9d_serve(&config, STREAM, true) < 0);
}

/* Closes `stream`. */
static pid_t server_start(const struct drive_service *s, const struct drive *drive, int dir,
			  int stream)
{
	const int fds[] = { -1, -1, STDERR_FILENO, stream, dir, s->outside };
	const struct child_setup setup = {
		.flags = CHILD_ALONE, .fds = fds, .fd_count = array_len(fds), .name = "lb-drive"
	};
	pid_t pid = child_fork(&setup);

	if (pid == 0)
		serve(drive, drive->letter == s->folds);
	close(stream);
	return pid;
}

int drive_service_open(struct drive_service *s, char letter)
{
	const struct drive *drive = drives_find(s->drives, letter);
	int dir = drive ? *dir_of(s, letter) : -ENOENT, pair[2];
	pid_t pid;

	if (dir < 0)
		return dir;
	if (s->count == DRIVE_SERVERS_MAX)
		return -EUSERS;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid = server_start(s, drive, dir, pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return pid;
	}
	s->letters[s->count] = letter;
	s->servers[s->count++] = pid;
	return pair[0];
}

bool drive_service_reaped(struct drive_service *s, pid_t pid)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->servers[i] == pid) {
			s->servers[i] = s->servers[--s->count];
			s->letters[i] = s->letters[s->count];
			return true;
		}
	return false;
}

void drive_service_kill(const struct drive_service *s)
{
	for (size_t i = 0; i < s->count; i++)
		kill(s->servers[i], SIGKILL);
}

/* A drive that only one side has, or that is another one there, makes paths that
 * lead nowhere, or to another file of the same name. */
void drive_service_compare(const struct log *log, const struct drives *drives,
			   const struct hello *hello)
{
	const uint32_t ours = drives_letters(drives), guest = hello->drives;
	char text[HELLO_DRIVES_TEXT];

	if (ours & ~guest && !(hello->features & HELLO_MOUNTS)) {
		hello_drives_text(text, ours & ~guest);
		log_warn(log,
			 "the guest has no drive %s: what is there has no name in it "
			 "(start its VM with the same drives)",
			 text);
	}
	if (guest & ~ours) {
		hello_drives_text(text, guest & ~ours);
		log_warn(log,
			 "the guest has the drive %s, which the host's programs do not "
			 "have (give it with --drive)",
			 text);
	}
}
