/* p9d.c: p9d(8): reads its arguments and runs the dispatcher. */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/fmt.h"
#include "p9d/dispatcher.h"
#include "p9d/p9d.h"

#define FIDS_MAX 65536
#define FILES_MAX (4 * FIDS_MAX + 4096)
#define EXIT_USAGE 2

struct p9d_arguments {
	const char *root;
	const char *user;
	const char *umask;
	const char *listen[DISPATCHER_LISTENERS];
	unsigned listen_count;
	bool read_only;
};

static const char usage[] = "usage: p9d --listen unix:PATH|vsock:PORT|fd:N [--listen ...]\n"
			    "           [--root DIR] [--user NAME] [--umask MODE] [--read-only]\n";

static int set_argument(struct p9d_arguments *a, const char *name, const char *value)
{
	if (strcmp(name, "--root") == 0)
		a->root = value;
	else if (strcmp(name, "--user") == 0)
		a->user = value;
	else if (strcmp(name, "--umask") == 0)
		a->umask = value;
	else if (strcmp(name, "--listen") == 0 && a->listen_count < DISPATCHER_LISTENERS)
		a->listen[a->listen_count++] = value;
	else
		return -EINVAL;
	return 0;
}

static int parse(int argc, char **argv, struct p9d_arguments *a)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--read-only") == 0)
			a->read_only = true;
		else if (i + 1 == argc || set_argument(a, argv[i], argv[i + 1]) < 0)
			return -EINVAL;
		else
			i++;
	}
	return a->listen_count ? 0 : -EINVAL;
}

static int parse_umask(const char *text, uint32_t *mask)
{
	*mask = 0;
	for (; *text; text++) {
		if (*text < '0' || *text > '7' || *mask > 0777)
			return -EINVAL;
		*mask = *mask * 8 + (uint32_t)(*text - '0');
	}
	return *mask > 0777 ? -EINVAL : 0;
}

static bool has_account(const char *name)
{
	uid_t uid;

	return user_uid_of(&user_files_system, name, strlen(name), &uid) == 0;
}

static int listen_all(struct dispatcher *dispatcher, const struct p9d_arguments *a)
{
	for (unsigned i = 0; i < a->listen_count; i++) {
		int err = dispatcher_listen(dispatcher, a->listen[i]);

		if (err) {
			log_err(dispatcher->log, "unable to listen on %s: %s", a->listen[i],
				err == -EINVAL ? "neither unix:PATH, vsock:PORT nor fd:N"
					       : strerror(-err));
			return err;
		}
	}
	return 0;
}

/* A fid is one or two descriptors, and the kernel's client has one for each
 * file in its cache; by default a process may have 4096. Only root can change
 * that, before it gives up the most of being root. */
static void raise_file_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_max >= FILES_MAX)
		return;
	files.rlim_max = FILES_MAX;
	prlimit(0, RLIMIT_NOFILE, &files, NULL); /* or else with what there is */
}

static int serve(const struct p9d_arguments *a, const struct p9_policy *policy,
		 const struct log *log)
{
	static struct dispatcher dispatcher;
	int err = dispatcher_init(&dispatcher, a->root, policy, log);

	if (err) {
		log_err(log, "unable to serve %s: %s%s", a->root, strerror(-err),
			err == -ENOSYS ? " (is /proc mounted?)" : "");
		return err;
	}
	err = listen_all(&dispatcher, a);
	if (err)
		return err;
	raise_file_limit();
	err = dispatcher_run(&dispatcher);
	if (err)
		log_err(log, "unable to go on: %s", strerror(-err));
	return err;
}

int p9d_main(int argc, char **argv)
{
	static const struct log log = { .fd = 2, .who = "p9d", .max = LOG_LEVEL_NOTE };
	struct p9d_arguments a = { .root = "/", .umask = "022" };
	struct p9_policy policy = {
		.runs_as = P9_NOUID,
		.fid_limit = FIDS_MAX,
		.accounts = &user_files_system,
	};

	if (parse(argc, argv, &a) < 0 || parse_umask(a.umask, &policy.umask) < 0) {
		fd_write_all(2, usage, sizeof(usage) - 1);
		return EXIT_USAGE;
	}
	policy.read_only = a.read_only;
	policy.fallback = a.user;
	if (a.user && !has_account(a.user)) {
		log_err(&log, "unable to serve as %s by default: there is no such user in %s",
			a.user, user_files_system.passwd);
		return 1;
	}
	return serve(&a, &policy, &log) ? 1 : 0;
}
