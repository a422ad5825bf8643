/* drive_command.c: landbridge drive: gives a running machine a drive, or takes it away. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "interop/host/posix/commands.h"
#include "interop/host/posix/drive_desk.h"
#include "interop/host/posix/guest_service.h"
#include "lib/lib.h"
#include "lib/text.h"

enum { PATIENCE_S = 30 }; /* to mount a drive without KVM takes a second */

/* What the guest says until its end. Its silence has a limit. */
static ssize_t guest_says(int fd, char *text, size_t size)
{
	const struct timeval patience = { PATIENCE_S, 0 };
	size_t used = 0;
	ssize_t n = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	while (n > 0 && used < size) {
		n = recv(fd, text + used, size - used, 0);
		used += n > 0 ? (size_t)n : 0;
	}
	return n < 0 ? -errno : (ssize_t)used;
}

/* None that could do more to a terminal than be read. */
static void lines_show(const char *text, size_t len)
{
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) : len;

		if (text_clean(text, line))
			fd_write_all(2, text, line + (end != NULL));
		text += line + (end != NULL);
		len -= line + (end != NULL);
	}
}

/* The guest mounts it as at boot, or unmounts it, and what it says is ours to say: lines,
 * then 0 or 1. 0, or -1: it could not, which was said. */
static int guest_do(const struct machine *m, char letter, const char *what)
{
	char socket[MACHINE_DIR], service[16], text[1024];
	struct fault why = { 0 };
	ssize_t len = -1;
	int fd;

	machine_path(m, "agent", socket);
	fmt(service, sizeof(service), "%s:%c", what, letter);
	fd = guest_service_open(socket, service, NULL, &why);
	if (fd >= 0) {
		len = guest_says(fd, text, sizeof(text));
		close(fd);
	}
	if (len > 0 && (text[len - 1] == 0 || text[len - 1] == 1)) {
		lines_show(text, (size_t)len - 1);
		return text[len - 1] == 0 ? 0 : -1;
	}
	if (fd >= 0)
		fault_set(&why, HOST_FAILED, "unable to %s drive %c in the guest: %s", what, letter,
			  len == -EAGAIN ? "it does not answer" : "it did not say how that went");
	fault_print(&why);
	return -1;
}

static int machine_up(struct machine *m, const struct options *o, struct fault *why)
{
	struct machine_status status = { .phase = "" };

	if (machine_find(m, o->machine, why) < 0)
		return -1;
	machine_ask(m, &status);
	return strcmp(status.phase, "up") == 0
		       ? 0
		       : fault_set(why, HOST_FAILED,
				   "unable to change the drives of %s: it is not up (%s)", m->name,
				   status.phase);
}

static int dir_open(const struct drive *drive, struct fault *why)
{
	int fd = open(drive->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fault_set(why, HOST_FAILED, "unable to use %s as drive %c: %s", drive->dir,
				  drive->letter,
				  errno == ENOTDIR ? "not a directory" : strerror(errno))
		      : fd;
}

static int add(const struct machine *m, const struct drive *drive, struct fault *why)
{
	const struct drive_ask ask = { DRIVE_ADD, drive->letter, drive->read_only },
			       back = { DRIVE_REMOVE, drive->letter, false };
	int dir = dir_open(drive, why), r;

	if (dir < 0)
		return -1;
	r = drive_desk_ask(m, &ask, dir, why);
	close(dir);
	if (r < 0 || guest_do(m, drive->letter, "mount") == 0)
		return r;
	drive_desk_ask(m, &back, -1, why);
	return -1;
}

/* What the guest has written is here before it is taken away. A guest that does not answer
 * keeps nobody from that. */
static int take_away(const struct machine *m, char letter, struct fault *why)
{
	const struct drive_ask look = { DRIVE_LOOK, letter, false },
			       ask = { DRIVE_REMOVE, letter, false };
	int r = drive_desk_ask(m, &look, -1, why);

	if (r < 0)
		return -1;
	r = guest_do(m, letter, "unmount");
	return drive_desk_ask(m, &ask, -1, why) < 0 ? -1 : r;
}

static int drive_do(const struct options *o, struct fault *why)
{
	const struct drive_ask list = { DRIVE_LIST, 0, false };
	struct drives one = { 0 };
	struct machine m;

	if (machine_up(&m, o, why) < 0)
		return -1;
	if (strcmp(o->file, "list") == 0)
		return drive_desk_ask(&m, &list, -1, why);
	if (strcmp(o->file, "remove") == 0)
		return take_away(&m, drive_letter(o->command[0]), why);
	return drive_parse(&one, o->command[0], why) < 0 ? -1 : add(&m, &one.at[0], why);
}

int drive_main(const struct options *options)
{
	struct fault why = { 0 };

	if (drive_do(options, &why) == 0)
		return 0;
	return why.status ? fault_print(&why) : HOST_FAILED;
}
