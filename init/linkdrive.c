/* linkdrive.c: a drive that the host's agent serves, mounted and behind the mount. */
#include "init/linkdrive.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/init.h"
#include "init/oom.h"
#include "interop/stream/stream.h"
#include "lib/child.h"
#include "lib/dirs.h"
#include "lib/lib.h"
#include "p9fs/p9fs.h"

/* What landbridge-drive tells once by its descriptor 3: how it went, and why. */
struct report {
	int error; /* 0: it is mounted */
	char why[200];
};
enum { REPORT = 3, ARGS = 6 };

#define NAME "landbridge-drive"

bool process_is_ours(int proc, const char *pid, const char *name)
{
	char path[32], line[24] = "";
	struct stat st;
	int fd;

	fmt(path, sizeof(path), "%s/cmdline", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0 || st.st_uid != 0 || fd_read_full(fd, line, sizeof(line) - 1) < 0)
		line[0] = '\0';
	close(fd);
	return strcmp(line, name) == 0;
}

struct drive_walk {
	struct dir_walk walk; /* of /proc */
	pid_t *pids;
	size_t count, max;
};

static bool drive_find(struct dir_walk *walk, int proc, const char *name)
{
	struct drive_walk *w = container_of(walk, struct drive_walk, walk);

	if (*name >= '0' && *name <= '9' && process_is_ours(proc, name, NAME))
		w->pids[w->count++] = (pid_t)strtol(name, NULL, 10);
	return w->count < w->max;
}

size_t link_drives_find(pid_t *pids, size_t max)
{
	struct drive_walk w = { { drive_find }, pids, 0, max };

	dir_each_path("/proc", &w.walk);
	return w.count;
}

/* --- the process behind it --------------------------------------------------------- */

struct server {
	struct log log;
	char name[3], service[8]; /* "C:", "drive:C" */
	struct report report;
};

static int server_connect(void *owner)
{
	struct server *s = owner;
	struct outcome out;
	int fd = service_call(LANDBRIDGE_SOCKET, s->service, NULL, &out);

	if (fd >= 0)
		return fd;
	fmt(s->report.why, sizeof(s->report.why), "%s", out.text);
	if (out.code == WIRE_FAIL_NOT_FOUND)
		return -ENODEV; /* also when it had one before */
	return out.code == WIRE_FAIL_BRIDGE ? -ENOTCONN : fd;
}

/* Whoever waits goes on. Of all that is said to the host it can find nothing wrong
 * but the options. */
static void server_report(struct server *s, int error, const char *options, const char *step)
{
	s->report.error = error;
	if (error == -EINVAL && !s->report.why[0])
		fmt(s->report.why, sizeof(s->report.why), "the host does not take the options %s",
		    options);
	else if (error && !s->report.why[0])
		fmt(s->report.why, sizeof(s->report.why), "unable to %s: %s", step,
		    strerror(-error));
	fd_write_all(REPORT, &s->report, sizeof(s->report));
	close(REPORT);
}

static int server_run(struct server *s, const struct p9fs_config *config)
{
	const char *step = "";
	struct p9fs *drive;
	int err = p9fs_open(&drive, config, &step);

	server_report(s, err, config->attach, step);
	if (err)
		return err;
	err = p9fs_serve(drive);
	if (err < 0)
		log_err(&s->log, "the drive %s on %s is gone: its server is not there any more: %s",
			s->name, config->dir, strerror(-err));
	p9fs_close(drive);
	return err;
}

static bool word_equals(const char *word, size_t len, const char *known)
{
	return strlen(known) == len && memcmp(word, known, len) == 0;
}

/* timeout=SECONDS, to an hour. */
static bool timeout_take(struct p9fs_config *c, const char *word, size_t len)
{
	static const char name[] = "timeout=";
	const char *value = word + sizeof(name) - 1;
	char *end;

	if (len < sizeof(name) || memcmp(word, name, sizeof(name) - 1) != 0 || *value < '1' ||
	    *value > '9')
		return false;
	c->patience = (unsigned)strtoul(value, &end, 10);
	return end == word + len && end - value <= 4 && c->patience <= 3600;
}

/* The words that are ours. 0, or -EINVAL: *wrong is none, or does nothing beside the
 * others: without locks and memory of our own nobody waits (p9fs_config's patience). */
static int words_take(struct p9fs_config *c, const char *words, const char **wrong)
{
	const char *timeout = NULL;

	for (size_t len; *words; words += len + (words[len] == ',')) {
		len = strcspn(words, ",");
		*wrong = words;
		if (word_equals(words, len, "cache=none"))
			c->watch = false;
		else if (word_equals(words, len, "locks=host"))
			c->guest_locks = false;
		else if (word_equals(words, len, "locks=guest"))
			c->guest_locks = true;
		else if (timeout_take(c, words, len))
			timeout = words;
		else
			return -EINVAL;
	}
	c->guest_locks = c->guest_locks && c->watch;
	*wrong = timeout;
	return timeout && !c->guest_locks ? -EINVAL : 0;
}

/* landbridge-drive LETTER TARGET FLAGS OPTIONS WORDS */
int landbridge_drive_main(int argc, char **argv)
{
	struct server s = {
		.log = { .fd = -1, .kmsg = true, .who = "landbridge", .max = LOG_LEVEL_NOTE },
	};
	struct p9fs_config config = { .connect = server_connect,
				      .owner = &s,
				      .way = &p9fs_as_root,
				      .name = s.name,
				      .type = "fuse.drvfs",
				      .stays = true,
				      .allow_other = true,
				      .watch = true,
				      .guest_locks = true,
				      .patience = 60 };
	const char *wrong;

	if (argc != ARGS || fd_set_cloexec(REPORT, 1) < 0)
		return 1; /* nobody's command: mount.drvfs is */
	s.log.fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	file_write(OOM_SCORE_ADJ, OOM_OURS); /* a container may not */
	signal(SIGPIPE, SIG_IGN);            /* whoever waited for the report may be gone */
	umask(0);
	fmt(s.name, sizeof(s.name), "%c:", argv[1][0]);
	fmt(s.service, sizeof(s.service), "drive:%c", argv[1][0]);
	config.dir = argv[2];
	config.flags = strtoul(argv[3], NULL, 10);
	config.attach = argv[4];
	if (words_take(&config, argv[5], &wrong) < 0) {
		fmt(s.report.why, sizeof(s.report.why), "it has no option %s", wrong);
		server_report(&s, -EINVAL, "", "");
		return 1;
	}
	return server_run(&s, &config) < 0;
}

/* --- whoever mounts it ------------------------------------------------------------- */

/* In the child. The name shows what it is for in ps(1), where argv[1] says which. */
static int drive_exec(void *arg)
{
	const struct link_drive *drive = arg;
	char letter[] = { drive->letter, '\0' }, flags[24], name[] = NAME;
	char *const argv[] = { name,
			       letter,
			       (char *)(uintptr_t)drive->target,
			       flags,
			       (char *)(uintptr_t)drive->options,
			       (char *)(uintptr_t)drive->words,
			       NULL },
		    *const envp[] = { NULL };

	fmt(flags, sizeof(flags), "%lu", drive->flags);
	if (chdir("/") < 0)
		return -errno;
	execve("/proc/self/exe", argv, envp);
	return -errno;
}

int link_drive_mount(const struct link_drive *drive, char *why, size_t size)
{
	int ends[2], fds[REPORT + 1] = { -1, -1, -1 };
	struct child_setup setup = { .flags = CHILD_SESSION,
				     .fds = fds,
				     .fd_count = array_len(fds) };
	struct report report = { .error = -EIO, .why = "its process ended" };
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	fds[REPORT] = ends[1];
	pid = child_exec(&setup, drive_exec, (void *)(uintptr_t)drive);
	close(ends[1]);
	if (pid < 0)
		report = (struct report){ .error = pid };
	else
		fd_read_full(ends[0], &report, sizeof(report));
	close(ends[0]);
	fmt(why, size, "%s", report.why[0] ? report.why : strerror(-report.error));
	return report.error;
}
