/* shims.c: makes the names and their links, and keeps them right. */
#include "init/shims.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h> /* rename */
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "init/command.h"
#include "init/distro.h"
#include "init/hostpath.h"
#include "init/init.h"
#include "init/machine.h"
#include "init/pseudo.h"
#include "init/shimname.h"
#include "lib/dirs.h"
#include "lib/fd.h"
#include "lib/lib.h"
#include "lib/places.h"
#include "pathconv/pathconv.h"

/* What each name is a hard link of. */
#define STUB LANDBRIDGE_SHIMS_DIR "/stub"

/* Beside them, a directory of links for each of the host's; what it is called says
 * whether all have been read. */
#define PARTS LANDBRIDGE_SHIMS_DIR "/parts"
#define PARTS_READ LANDBRIDGE_SHIMS_DIR "/read"
#define OLD "old" /* in it: a part that is read again, ... */
#define NEW "new" /* ... and a link on its way */

/* Written by sessions; and there for them where some parts are silent. */
#define PATH_NAME "path"
#define PATH_FILE LANDBRIDGE_SHIMS_DIR "/" PATH_NAME
#define SILENT LANDBRIDGE_SHIMS_DIR "/silent"

enum {
	PARTS_MAX = 256,
	PROGRAMS_MAX = 2048, /* of one of them, so that it leaves room for others */
	READ_MS = 500,       /* how long a session waits for it */
	CALM_MS = 100,       /* changes seldom come alone */
	CHANGES = IN_CREATE | IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
};

/* One directory of the Windows PATH. */
struct shim_dir {
	const char *path;
	int watch;   /* -1: it is not there */
	int links;   /* the directory of its links */
	bool silent; /* nobody tells what changes in it */
	bool stale;
	unsigned programs;
};

struct shims {
	struct dir_walk walk;
	struct log log;
	int events, own;       /* inotify(7), and its watch for PATH_FILE */
	int bin, to, parts;    /* directories */
	struct shim_dir *part; /* that is being read */
	struct shim_dir at[PARTS_MAX];
	unsigned count;
	struct mounts mounts;
	struct hostpath path;
	char *list; /* what the parts are of */
	bool told_silent, told_full;
	char windows[2 * HOSTPATH_MAX];
};

/* --- links ----------------------------------------------------------------------- */

static void say_once(const struct shims *s, bool *told, const char *what, const char *why)
{
	if (!*told)
		log_warn(&s->log, "warning shims: %s %s", what, why);
	*told = true;
}

static bool has_room(struct shims *s, bool room)
{
	if (!room)
		say_once(s, &s->told_full, "some programs have no link:", "there are too many");
	return room;
}

static bool is_done(struct shims *s, int result)
{
	return has_room(s, result == 0 || errno != ENOSPC);
}

/* A file of the host's becomes links in its part. */
static bool program_link(struct dir_walk *walk, int dir, const char *entry)
{
	struct shims *s = container_of(walk, struct shims, walk);
	int links = s->part->links;
	char name[SHIM_NAME], target[PATH_MAX];
	bool room;

	(void)dir;
	if (!shim_name(name, entry, SHIM_LOWER) ||
	    fmt(target, sizeof(target), "%s/%s", s->part->path, entry) >= sizeof(target))
		return true;
	room = has_room(s, s->part->programs++ < PROGRAMS_MAX) &&
	       is_done(s, symlinkat(target, s->parts, NEW));
	for (int form = 0; room && form < SHIM_FORMS; form++) {
		enum shim_claim claim = shim_name(name, entry, (enum shim_form)form);

		if (claim == SHIM_FIRST)
			unlinkat(links, name, 0);
		if (claim)
			room = is_done(s, linkat(s->parts, NEW, links, name, 0));
	}
	unlinkat(s->parts, NEW, 0);
	return room;
}

/* It is seen no sooner than it leads somewhere. */
static bool name_show(struct shims *s, const char *name)
{
	return is_done(s, linkat(AT_FDCWD, STUB, s->bin, name, 0));
}

static void name_remove(const struct shims *s, const char *name)
{
	unlinkat(s->bin, name, 0);
	unlinkat(s->to, name, 0);
}

/* A name is the first part's that has it. What no part had before needs no search. */
static bool name_settle(struct dir_walk *walk, int dir, const char *name)
{
	struct shims *s = container_of(walk, struct shims, walk);

	(void)dir;
	if (linkat(s->part->links, name, s->to, name, 0) == 0)
		return name_show(s, name);
	for (unsigned i = 0; i < s->count; i++) {
		int result = linkat(s->at[i].links, name, s->parts, NEW, 0);

		if (!is_done(s, result))
			return false;
		if (result < 0)
			continue;
		renameat(s->parts, NEW, s->to, name);
		unlinkat(s->parts, NEW, 0); /* it is there still when it was the same */
		return name_show(s, name);
	}
	name_remove(s, name);
	return true;
}

/* One that is of before us. */
static bool name_check(struct dir_walk *walk, int dir, const char *name)
{
	const struct shims *s = container_of(walk, struct shims, walk);
	char byte;

	(void)dir;
	for (unsigned i = 0; i < s->count; i++)
		if (readlinkat(s->at[i].links, name, &byte, sizeof(byte)) > 0)
			return true;
	name_remove(s, name);
	return true;
}

static void walk_each(struct shims *s, int dir,
		      bool (*each)(struct dir_walk *walk, int dir, const char *name))
{
	s->walk.each = each;
	lseek(dir, 0, SEEK_SET);
	dir_each(dir, &s->walk);
}

/* --- parts ----------------------------------------------------------------------- */

/* Of a directory on a drive the drive's process tells, if its server does. */
static bool is_silent(struct shims *s, const char *path)
{
	const struct mount *m = mounts_find(&s->mounts, path);

	if (m && m->fuse && getxattr(m->point, LANDBRIDGE_FENCE, NULL, 0) < 0 && errno == ENODATA)
		return false;
	file_create(SILENT, "", 0644);
	say_once(s, &s->told_silent, path,
		 "tells of no changes (cache=none?): a session that begins looks for them");
	return true;
}

/* It is watched first, so that nothing is missed. */
static void part_read(struct shims *s, struct shim_dir *p)
{
	int old = p->links;
	char name[16];

	p->stale = false;
	fmt(name, sizeof(name), "%d", (int)(p - s->at));
	renameat(s->parts, name, s->parts, OLD);
	mkdirat(s->parts, name, 0755);
	p->links = openat(s->parts, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p->watch = inotify_add_watch(s->events, p->path, CHANGES);
	p->silent = p->watch >= 0 && is_silent(s, p->path);
	s->part = p;
	p->programs = 0;
	s->walk.each = program_link;
	dir_each_path(p->path, &s->walk);
	walk_each(s, p->links, name_settle);
	if (old < 0)
		return;
	walk_each(s, old, name_settle);
	dir_empty(old, NULL);
	close(old);
	unlinkat(s->parts, OLD, AT_REMOVEDIR);
}

static void parts_read(struct shims *s)
{
	mounts_load(&s->mounts);
	for (unsigned i = 0; i < s->count; i++)
		if (s->at[i].stale)
			part_read(s, &s->at[i]);
	mounts_unload(&s->mounts);
}

/* NULL: nobody has said the Windows PATH. What it has of the guest itself is left out. */
static const char *list_get(struct shims *s)
{
	if (file_read(PATH_FILE, s->windows, sizeof(s->windows)) < 0)
		return NULL;
	fd_close(&s->path.mountinfo); /* whoever polls it has heard of the change */
	return hostpath_list(&s->path, "");
}

static int dir_ready(const char *path)
{
	mkdir(path, 0755);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* What another process of ours made before goes, but for the links themselves: these
 * stay until it is known which are wrong. */
static void parts_make(struct shims *s, char *list)
{
	bool first = access(LANDBRIDGE_SHIMS, F_OK) < 0;

	rename(PARTS_READ, PARTS);
	unlink(SILENT);
	s->bin = dir_ready(LANDBRIDGE_SHIMS);
	s->to = dir_ready(LANDBRIDGE_SHIMS_TO);
	s->parts = dir_ready(PARTS);
	dir_empty(s->parts, NULL);
	for (char *end; *list && s->count < PARTS_MAX; list = end) {
		s->at[s->count++] = (struct shim_dir){ .path = list, .links = -1, .stale = true };
		end = strchrnul(list, ':');
		if (*end)
			*end++ = '\0';
	}
	has_room(s, !*list);
	parts_read(s);
	if (!first)
		walk_each(s, s->to, name_check);
	rename(PARTS, PARTS_READ);
}

/* --- changes --------------------------------------------------------------------- */

/* True: it may have been the Windows PATH that changed. */
static bool event_take(struct shims *s, const struct inotify_event *e)
{
	char name[SHIM_NAME];
	bool lost = e->mask & IN_Q_OVERFLOW;

	for (unsigned i = 0; i < s->count; i++) {
		struct shim_dir *p = &s->at[i];

		if (lost ||
		    (p->watch == e->wd && (!e->len || shim_name(name, e->name, SHIM_LOWER))))
			p->stale = true;
	}
	return lost || (e->wd == s->own && e->len && strcmp(e->name, PATH_NAME) == 0);
}

static bool events_take(struct shims *s)
{
	_Alignas(struct inotify_event) char buf[4096];
	bool moved = false;
	ssize_t len;

	while ((len = read(s->events, buf, sizeof(buf))) > 0)
		for (char *at = buf; at < buf + len;) {
			const struct inotify_event *e = (const void *)at;

			moved = event_take(s, e) || moved;
			at += sizeof(*e) + e->len;
		}
	return moved;
}

static void shims_exec(const struct daemon *daemon)
{
	char *argv[] = { (char[]){ "landbridge-shims" }, NULL };
	char *const envp[] = { system_path, NULL };

	(void)daemon;
	execve("/proc/self/exe", argv, envp);
}

/* Another list is another process's, which begins anew. */
static void list_check(struct shims *s)
{
	const char *list = list_get(s);

	if (list && strcmp(list, s->list) != 0) {
		shims_exec(NULL);
		_exit(127);
	}
	for (unsigned i = 0; i < s->count; i++) {
		struct shim_dir *p = &s->at[i];

		if (p->silent || inotify_add_watch(s->events, p->path, CHANGES) != p->watch)
			p->stale = true;
	}
}

static void changes_await(struct shims *s)
{
	struct pollfd p[] = { { s->events, POLLIN, 0 }, { s->path.mountinfo, POLLPRI, 0 } };
	bool moved;

	poll(p, array_len(p), -1);
	poll(NULL, 0, CALM_MS);
	moved = events_take(s);
	if (moved || p[1].revents)
		list_check(s);
	parts_read(s);
}

int landbridge_shims_main(int argc, char **argv)
{
	struct shims s = {
		.log = { .fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC),
			 .kmsg = true,
			 .who = "landbridge",
			 .max = LOG_LEVEL_NOTE },
		.events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK),
	};
	const char *list;

	(void)argc;
	(void)argv;
	hostpath_init(&s.path, s.windows);
	s.own = inotify_add_watch(s.events, LANDBRIDGE_SHIMS_DIR, IN_MOVED_TO);
	while (!(list = list_get(&s))) {
		poll(&(struct pollfd){ .fd = s.events, .events = POLLIN }, 1, -1);
		events_take(&s);
	}
	s.list = strdup(list);
	parts_make(&s, strdup(list));
	for (;;)
		changes_await(&s);
}

/* --- PID 1, and sessions ----------------------------------------------------------- */

int step_shims(struct distro *d)
{
	static const struct pseudo memory = { LANDBRIDGE_SHIMS_DIR,
					      "tmpfs",
					      MS_NOSUID | MS_NODEV | MS_NOATIME,
					      "mode=755,size=10%,nr_inodes=96k",
					      0755,
					      BOOT_ANY };
	struct daemon *shims = &d->machine->daemons.at[DAEMON_SHIMS];
	int err;

	if (!d->settings.interop || !d->settings.shims)
		return 0;
	err = pseudo_mount(&memory);
	if (err == 0)
		err = file_create(STUB, "MZ", 0755);
	if (err < 0)
		return boot_unable(d->boot, err, "mount tmpfs on " LANDBRIDGE_SHIMS_DIR);
	shims->step = d->boot->step;
	shims->what = "process that links programs";
	shims->exec = shims_exec;
	err = daemon_start(&d->machine->daemons, shims);
	return err < 0 ? boot_unable(d->boot, err, "start it") : 0;
}

void shims_want(const char *windows)
{
	struct pollfd p = { .events = POLLIN };
	char said[2 * HOSTPATH_MAX];

	if (!windows)
		return;
	if (access(SILENT, F_OK) == 0 || file_read(PATH_FILE, said, sizeof(said)) < 0 ||
	    strcmp(said, windows) != 0)
		file_replace(PATH_FILE, windows, 0644);
	p.fd = inotify_init1(IN_CLOEXEC);
	if (inotify_add_watch(p.fd, LANDBRIDGE_SHIMS_DIR, IN_MOVED_TO) >= 0 &&
	    access(PARTS_READ, F_OK) < 0)
		poll(&p, 1, READ_MS);
	fd_close(&p.fd);
}
