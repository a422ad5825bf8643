/* drive_command.c: landbridge drive: gives a running machine a drive, or takes it away. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "interop/host/posix/commands.h"
#include "interop/host/posix/drive_desk.h"
#include "interop/host/posix/session.h"
#include "lib/lib.h"

/* In the guest as root: mounts it as at boot, or unmounts it; what it says is ours to say.
 * 0, or -1: it could not, which was said. */
static int guest_do(const struct machine *m, char letter, const char *what)
{
	char name[] = "landbridge-automount", letters[] = { letter, '\0' };
	char *command[] = { name, letters, (char *)(uintptr_t)what, NULL };
	const struct session session = { .user = "root",
					 .command = command,
					 .program = "/proc/self/exe" };
	struct outcome out = { .how = OUTCOME_LOST };
	struct fault why = { 0 };
	char socket[MACHINE_DIR];

	machine_path(m, "agent", socket);
	session_run(socket, &session, &out);
	if (out.text[0]) {
		fault_set(&why, HOST_FAILED, "unable to %s drive %c: in the guest: %s",
			  strcmp(what, "add") == 0 ? "mount" : "unmount", letter, out.text);
		fault_print(&why);
	}
	return outcome_status(&out) == 0 ? 0 : -1;
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
	if (r < 0 || guest_do(m, drive->letter, "add") == 0)
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
	r = guest_do(m, letter, "remove");
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
