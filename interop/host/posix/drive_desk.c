/* drive_desk.c: gives a running machine drives, and takes them away. */
#include "interop/host/posix/drive_desk.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/posix/agent.h"
#include "interop/host/posix/rules_file.h"
#include "lib/lib.h"

/* --- the answer -------------------------------------------------------------------- */

static void caller_leave(struct drive_desk *d)
{
	if (d->caller.fd < 0)
		return;
	close(d->caller.fd);
	watch_remove(&d->caller);
}

/* What was being done is over. */
static void answer(struct drive_desk *d)
{
	if (d->caller.fd >= 0)
		(void)!send(d->caller.fd, &d->fault, sizeof(d->fault), MSG_NOSIGNAL | MSG_DONTWAIT);
	caller_leave(d);
	fd_close(&d->showing.dir);
	d->told = false;
}

static void refuse(struct drive_desk *d, int error, const char *what)
{
	const struct drive *drive = &d->showing.drive;

	fault_set(&d->fault, HOST_FAILED, "unable to %s drive %c: of %s: %s%s%s",
		  d->removes ? "remove" : "add", drive->letter, d->plan->machine.name, what,
		  *what && error ? ": " : "", error ? strerror(error) : "");
	answer(d);
}

/* --- the view ------------------------------------------------------------------------ */

static _Noreturn void help(struct drive_showing *s, bool hide)
{
	s->space = 3;
	s->dir = 4;
	_exit(-(hide ? drive_hide(s) : drive_show(s)));
}

static int helper_start(struct drive_desk *d, bool hide)
{
	const int fds[] = { -1, -1, -1, d->space, d->showing.dir };

	d->helper = child_fork(&(struct child_setup){ .flags = CHILD_ALONE,
						      .death_signal = SIGKILL,
						      .fds = fds,
						      .fd_count = array_len(fds),
						      .name = "lb-place" });
	if (d->helper == 0)
		help(&d->showing, hide);
	return d->helper < 0 ? d->helper : 0;
}

static void agent_tell(struct drive_desk *d)
{
	const struct drive *drive = &d->showing.drive;
	struct agent_drive said = { .word = AGENT_DRIVE,
				    .letter = drive->letter,
				    .gone = d->removes,
				    .read_only = drive->read_only };

	fmt(said.origin, sizeof(said.origin), "%s", drive->dir);
	d->told = true;
	if (send(d->agent, &said, sizeof(said), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		refuse(d, errno, "its agent does not listen");
}

/* The last step of what takes away, or has failed. */
static void hide(struct drive_desk *d)
{
	int r = helper_start(d, true);

	if (r < 0)
		refuse(d, -r, "");
}

static void drive_settle(struct drive_desk *d)
{
	struct drives *drives = &d->plan->drives;
	const struct drive *drive = &d->showing.drive;
	const uint32_t bit = (uint32_t)1 << (drive->letter - 'A');

	if (d->removes) {
		drives_drop(drives, drive->letter);
		d->later &= ~bit;
	} else {
		drives->at[drives->count++] = *drive;
		d->later |= bit;
	}
}

void drive_desk_done(struct drive_desk *d, int error)
{
	if (!d->told || d->helper > 0)
		return;
	if (!error || d->removes)
		drive_settle(d);
	if (error)
		fault_set(&d->fault, HOST_FAILED, "unable to use %s as drive %c: of %s: %s",
			  d->showing.drive.dir, d->showing.drive.letter, d->plan->machine.name,
			  strerror(error));
	if (error || d->removes)
		hide(d);
	else
		answer(d);
}

/* One that was cut short may have shown it. */
static void show_failed(struct drive_desk *d, int error)
{
	fault_set(&d->fault, HOST_FAILED, "unable to use %s as drive %c: of %s: %s",
		  d->showing.drive.dir, d->showing.drive.letter, d->plan->machine.name,
		  strerror(error));
	d->told = true;
	hide(d);
}

void drive_desk_reaped(struct drive_desk *d, pid_t pid, int status)
{
	if (d->helper <= 0 || pid != d->helper)
		return;
	d->helper = 0;
	if (d->told)
		answer(d);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		agent_tell(d);
	else
		show_failed(d, WIFEXITED(status) ? WEXITSTATUS(status) : EINTR);
}

/* --- what is asked for ---------------------------------------------------------------- */

/* As at the start. */
static int drive_check(struct drive_desk *d)
{
	const struct plan *p = d->plan;
	struct drives all = p->drives;

	all.at[all.count++] = d->showing.drive;
	if (d->showing.prefix && path_lies_in(d->showing.drive.dir, p->wine.prefix))
		return fault_set(
			&d->fault, HOST_FAILED,
			"unable to use %s as drive %c: it is part of Landbridge's own Wine "
			"prefix, which the machine has as C:",
			d->showing.drive.dir, d->showing.drive.letter);
	if (drives_check(&all, p->wine.prefix, &d->fault) < 0)
		return -1;
	return rules_check_drives(&p->dirs, &all, &d->fault);
}

/* Its name is what the kernel says. */
static int dir_name(struct drive_desk *d)
{
	char path[32], *out = d->showing.drive.dir;
	struct stat st;
	ssize_t len;

	fmt(path, sizeof(path), "/proc/self/fd/%d", d->showing.dir);
	if (d->showing.dir < 0 || fstat(d->showing.dir, &st) < 0)
		return -EBADF;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	len = readlink(path, out, sizeof(d->showing.drive.dir) - 1);
	out[len > 0 ? len : 0] = '\0';
	return len > 0 && out[0] == '/' ? 0 : -ENOENT;
}

static void add(struct drive_desk *d)
{
	const struct drive *there = drives_find(&d->plan->drives, d->showing.drive.letter);
	int r = there ? 0 : dir_name(d);

	if (there)
		fault_set(&d->fault, HOST_FAILED, "unable to add drive %c: to %s: it has one, %s",
			  there->letter, d->plan->machine.name, there->dir);
	else if (d->space < 0)
		fault_set(&d->fault, HOST_FAILED,
			  "unable to add a drive to %s: its Windows programs have no namespace of "
			  "their own, or share Wine's prefix (landbridge doctor says why)",
			  d->plan->machine.name);
	if (d->fault.status || (r == 0 && drive_check(d) < 0))
		answer(d);
	else if (r < 0 || (r = helper_start(d, false)) < 0)
		refuse(d, -r, "");
}

static void remove_it(struct drive_desk *d, bool only_look)
{
	const char letter = d->showing.drive.letter;
	const struct drive *drive = drives_find(&d->plan->drives, letter);

	if (!drive)
		refuse(d, 0, "it has none");
	else if (!(d->later >> (letter - 'A') & 1))
		refuse(d, 0, "the machine was started with it, and keeps it until it is stopped");
	else if (only_look)
		answer(d);
	else
		agent_tell(d);
}

static void list(const struct drive_desk *d)
{
	char line[PATH_MAX + 16];
	const struct drive *drive;

	(void)!send(d->caller.fd, &d->fault, sizeof(d->fault), MSG_NOSIGNAL | MSG_DONTWAIT);
	for (int i = 0; i < DRIVES_MAX; i++) {
		drive = drives_find(&d->plan->drives, (char)('A' + i));
		if (!drive)
			continue;
		fmt(line, sizeof(line), "%c:=%s%s\n", drive->letter, drive->dir,
		    drive->read_only ? ",ro" : "");
		(void)!send(d->caller.fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT);
	}
}

static void ask_take(struct drive_desk *d, const struct drive_ask *ask)
{
	d->fault = (struct fault){ 0 };
	d->removes = ask->wish != DRIVE_ADD;
	d->showing.space = d->space;
	d->showing.drive = (struct drive){ .letter = ask->letter, .read_only = ask->read_only };
	d->showing.prefix = d->plan->wine.layer[0] ? d->plan->wine.prefix : NULL;
	if (ask->wish == DRIVE_LIST) {
		list(d);
		caller_leave(d);
	} else if (ask->letter < 'A' || ask->letter > 'Z') {
		caller_leave(d);
	} else if (ask->wish == DRIVE_ADD) {
		add(d);
	} else {
		remove_it(d, ask->wish == DRIVE_LOOK);
	}
}

static void caller_ready(struct watch *watch, uint32_t events)
{
	struct drive_desk *d = container_of(watch, struct drive_desk, caller);
	struct drive_ask ask;

	(void)events;
	if (d->helper > 0 || d->told) {
		/* It goes before the end. A place that is half taken is none. */
		if (d->helper > 0 && !d->told)
			kill(d->helper, SIGKILL);
		caller_leave(d);
		return;
	}
	fd_close(&d->showing.dir);
	if (fd_recv(watch->fd, &d->showing.dir, &ask, sizeof(ask)) != sizeof(ask)) {
		caller_leave(d);
		return;
	}
	watch_set(watch, 0); /* a hang-up is told all the same */
	ask_take(d, &ask);
}

static void caller_come(struct acceptor *acceptor, int fd)
{
	struct drive_desk *d = container_of(acceptor, struct drive_desk, door);
	struct fault busy = { 0 };

	if (d->helper > 0 || d->told) {
		fault_set(&busy, HOST_FAILED,
			  "unable to change the drives of %s: another change is under way (try "
			  "again)",
			  d->plan->machine.name);
		(void)!send(fd, &busy, sizeof(busy), MSG_NOSIGNAL | MSG_DONTWAIT);
		close(fd);
		return;
	}
	caller_leave(d); /* who asks for nothing is in nobody's way */
	if (watch_add(d->loop, &d->caller, fd, EPOLLIN) < 0)
		close(fd);
}

void drive_desk_space(struct drive_desk *d, int space)
{
	if (d->space >= 0)
		close(space);
	else
		d->space = space;
}

void drive_desk_init(struct drive_desk *d, struct loop *loop, struct plan *plan, int agent)
{
	*d = (struct drive_desk){ .loop = loop,
				  .plan = plan,
				  .agent = agent,
				  .space = -1,
				  .door = { .connected = caller_come },
				  .caller = { .fd = -1, .ready = caller_ready },
				  .showing = { .dir = -1 } };
}
