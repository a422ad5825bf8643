/* client.c: stands for one program of the host until it ends. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interop/guest/doctor.h"
#include "interop/guest/drives.h"
#include "interop/guest/guest.h"
#include "interop/guest/program.h"
#include "interop/guest/request.h"
#include "interop/stream/stream.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/places.h"

/* The broker adds a field of its own. */
enum { PAYLOAD_MAX = WIRE_OPEN_MAX - 64 };

struct client {
	struct log log;
	const char *name; /* of the program, for messages */
	struct program program;
	struct request request;
	struct mounts mounts;
	char cwd[PATH_MAX];
	char guest[256]; /* its name */
	uint32_t flags;  /* enum program_flag that were asked for */
	const char *dir; /* to start in, as it was asked for; NULL: here */
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* --- what cannot be ------------------------------------------------------------- */

static int refuse_missing(const struct client *c, int error)
{
	if (error == -ENOENT && !strchr(c->request.given, '/')) {
		log_err(&c->log, "%s: not found in PATH", c->name);
		return WIRE_FAIL_NOT_FOUND;
	}
	log_err(&c->log, "%s: unable to open it: %s", c->name, strerror(-error));
	return error == -ENOENT || error == -ENOTDIR ? WIRE_FAIL_NOT_FOUND : WIRE_FAIL_NOT_RUN;
}

static int refuse_request(const struct client *c, int error)
{
	if (error == -EXDEV)
		log_err(&c->log, "%s is not on a host drive (copy it under /mnt/c)",
			c->program.path);
	else if (error == -E2BIG)
		log_err(&c->log, "%s: argument list too long (%d strings or %d bytes at most)",
			c->name, (int)WIRE_OPEN_STRINGS, (int)PAYLOAD_MAX);
	else
		log_err(&c->log, "%s: unable to name it to the host: %s", c->name,
			strerror(-error));
	return WIRE_FAIL_NOT_RUN;
}

static int refuse_directory(const struct client *c, const char *why)
{
	log_err(&c->log, "%s: unable to start in %s: %s", c->name, c->dir, why);
	return WIRE_FAIL_NOT_RUN;
}

static int refuse_socket(const struct client *c, int error)
{
	const char *hint = "";

	if (error == -ENOENT)
		hint = " (in a container, bind-mount it from the guest)";
	else if (error == -ECONNREFUSED)
		hint = " (/init, which holds it, is gone)";
	log_err(&c->log, "%s: unable to connect to " LANDBRIDGE_SOCKET ": %s%s", c->name,
		strerror(-error), hint);
	return WIRE_FAIL_BRIDGE;
}

/* --- the call -------------------------------------------------------------------- */

/* Not a pipe: whoever reads that may read from the terminal, too, as less(1) does. */
static bool is_quiet(const struct stat *st)
{
	return S_ISREG(st->st_mode) || S_ISCHR(st->st_mode);
}

/* A console only where stdin and one more are one terminal (not merely terminals of one
 * kind), and the third is it, too, or a file; where we are in its foreground, and it can
 * do what a console's drawing asks of it. The flags for that, or 0. */
static uint32_t on_terminal(struct request *rq)
{
	const char *kind = getenv("TERM");
	struct winsize size = { 0 };
	struct stat st[3];
	bool same[3];

	if (kind && strcmp(kind, "dumb") == 0)
		return 0;
	for (int i = 0; i < 3; i++) {
		if (fstat(i, &st[i]) < 0 || !is_quiet(&st[i]))
			return 0;
		same[i] = S_ISCHR(st[i].st_mode) && st[i].st_rdev == st[0].st_rdev;
	}
	if ((!same[1] && !same[2]) || !isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp())
		return 0;
	ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
	rq->rows = size.ws_row ? size.ws_row : 24;
	rq->cols = size.ws_col ? size.ws_col : 80;
	return PROGRAM_TTY | (same[1] ? 0 : PROGRAM_OUT_APART) | (same[2] ? 0 : PROGRAM_ERR_APART);
}

static int client_encode(struct client *c, struct writer *w)
{
	int error = c->mounts.memory ? 0 : mounts_load(&c->mounts);

	if (error < 0)
		return error;
	c->request.mounts = &c->mounts;
	return request_encode(&c->request, w);
}

static int client_call(struct client *c, const struct writer *w, struct outcome *out)
{
	int fd = unix_connect(LANDBRIDGE_SOCKET);
	int error;

	if (fd < 0)
		return refuse_socket(c, fd);
	error = caller_run(fd, w->base, w->used, out);
	if (error < 0) {
		log_err(&c->log, "%s: unable to talk to the broker: %s", c->name, strerror(-error));
		return WIRE_FAIL_BRIDGE;
	}
	return 0;
}

/* What the program does not get. Of a directory the shell's user alone hears: not every
 * host has the guest's own, and scripts that run there are used to it. */
static void client_notice(const struct client *c)
{
	const char *at = getenv("WSLENV");
	struct wslenv entry;

	if (c->request.cwd_left_out && c->request.cwd && isatty(STDERR_FILENO))
		log_note(&c->log, "%s: the host cannot see %s; using its default directory",
			 c->name, c->cwd[0] ? c->cwd : "the current directory");
	entry = c->request.env_left_out;
	if (entry.name)
		log_note(&c->log, "%s: leaving out %.*s of WSLENV (the host cannot see its path)",
			 c->name, (int)entry.name_len, entry.name);
	while (at && wslenv_next(&at, &entry))
		if (entry.bad)
			log_note(&c->log, "%s: ignoring %.*s in WSLENV (it is NAME or NAME/pluw)",
				 c->name, (int)entry.name_len, entry.name);
}

static bool directory_is_ours(const struct client *c)
{
	const struct mount *mount = mounts_find(&c->mounts, c->request.cwd);

	return !mount || !mount->drive;
}

/* Once more without a directory that the host cannot use; whoever watches, or
 * reads the log of, a script hears that it was another one. */
static int client_again(struct client *c, struct writer *w, struct outcome *out)
{
	int error;

	if (!directory_is_ours(c) || isatty(STDERR_FILENO))
		log_note(&c->log, "%s (using the default directory)", out->text);
	c->request.cwd_left_out = true;
	*out = (struct outcome){ 0 };
	writer_init(w, w->base, PAYLOAD_MAX);
	error = client_encode(c, w);
	return error < 0 ? refuse_request(c, error) : client_call(c, w, out);
}

static int client_try(struct client *c, struct writer *w)
{
	struct outcome out = { 0 };
	const char *text;
	int status, error = client_encode(c, w);

	if (error < 0)
		return refuse_request(c, error);
	if (CFG_SCRIPTS && c->dir && c->request.cwd_left_out)
		return refuse_directory(c, "the host cannot see it");
	client_notice(c);
	status = client_call(c, w, &out);
	if (status == 0 && out.os_error == WIRE_ERROR_DIRECTORY && !c->request.cwd_left_out &&
	    !(CFG_SCRIPTS && c->dir))
		status = client_again(c, w, &out);
	if (status)
		return status;
	text = outcome_text(&out);
	if (text[0])
		log_err(&c->log, "%s: %s", c->name, text);
	/* What the program wrote, whoever waits for us reads next. */
	if (CFG_P9FS && (out.how == OUTCOME_EXITED || out.how == OUTCOME_SIGNALLED))
		drives_refresh(&c->mounts);
	return outcome_end(&out);
}

static int client_run(struct client *c)
{
	struct request *rq = &c->request;
	struct writer w;
	void *payload;
	int status;

	if (CFG_SCRIPTS && c->dir && chdir(c->dir) < 0)
		return refuse_directory(c, strerror(errno));
	if (c->program.refusal) {
		log_err(&c->log, "%s %s", c->name, c->program.refusal);
		return WIRE_FAIL_NOT_RUN;
	}
	rq->path = c->program.path;
	rq->env = environ;
	rq->name = CFG_P9D ? guest_name(c->guest, sizeof(c->guest)) : NULL;
	/* "(unreachable)/..." is how the kernel names what has no name here. */
	if (getcwd(c->cwd, sizeof(c->cwd)) && c->cwd[0] == '/')
		rq->cwd = c->cwd;
	rq->flags = c->flags;
	if (c->program.gui)
		rq->flags |= PROGRAM_NO_STDIN;
	else if (!rq->flags)
		rq->flags = on_terminal(rq);
	if (!(rq->flags & PROGRAM_TTY) && fd_is_same(STDOUT_FILENO, STDERR_FILENO))
		rq->flags |= PROGRAM_ONE_OUTPUT;
	payload = malloc(PAYLOAD_MAX);
	if (!payload) {
		log_err(&c->log, "%s: out of memory", c->name);
		return WIRE_FAIL_BRIDGE;
	}
	writer_init(&w, payload, PAYLOAD_MAX);
	status = client_try(c, &w);
	mounts_unload(&c->mounts);
	free(payload);
	return status;
}

static void client_init(struct client *c, const char *given, const char *argv0, char **args)
{
	*c = (struct client){
		.log = { .fd = STDERR_FILENO, .who = "landbridge", .max = LOG_LEVEL_NOTE },
		.name = base_name(given),
		.request = { .given = given, .argv0 = argv0, .args = args },
	};
}

/* What the kernel gave us and is no program of the host; it does not come back. */
static int client_become(struct client *c, char *const *argv)
{
	const struct program *p = &c->program;
	int error = program_become(&c->program, p->shim ? p->path : c->request.given, argv);

	log_err(&c->log, "%s: unable to run it in the guest: %s", c->name, strerror(-error));
	return WIRE_FAIL_NOT_RUN;
}

int client_main(int argc, char **argv)
{
	struct client c;
	int error;

	stdio_hold();
	if (argc < 3) /* the kernel gives three */
		return WIRE_FAIL_BRIDGE;
	client_init(&c, argv[1], argv[2], argv + 3);
	error = program_open(&c.program, argv[1]);
	/* doctor's is no program, so that others need not be looked at twice. */
	if (CFG_DOCTOR && (error < 0 || c.program.refusal) && doctor_is_probe(argv[1]))
		return DOCTOR_PROBE_STATUS;
	if (error < 0)
		return refuse_missing(&c, error);
	if (CFG_SCRIPTS && c.program.kind != PROGRAM_OF_HOST)
		return client_become(&c, argv + 2);
	return client_run(&c);
}

/* What landbridge-run was asked for. */
struct run_options {
	uint32_t flags;
	const char *dir;
};

/* The number of arguments that are options, argv[0] counted, or -1. */
static int options_take(struct run_options *o, char **argv)
{
	int i = 1;

	for (; argv[i] && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		if (!CFG_SCRIPTS)
			return -1;
		if (strcmp(argv[i], "--detach") == 0)
			o->flags |= PROGRAM_DETACH | PROGRAM_NO_STDIN;
		else if (strcmp(argv[i], "--no-stdin") == 0)
			o->flags |= PROGRAM_NO_STDIN;
		else if (strcmp(argv[i], "--cwd") == 0 && argv[i + 1])
			o->dir = argv[++i];
		else
			return -1;
	}
	return i;
}

int landbridge_run_main(int argc, char **argv)
{
	struct run_options options = { 0 };
	int error, first = options_take(&options, argv);
	struct client c;

	stdio_hold();
	if (first < 0 || first >= argc) {
		client_init(&c, "", "", argv);
		log_err(&c.log, "usage: landbridge-run %s[--] PROGRAM [ARG...]",
			CFG_SCRIPTS ? "[--detach] [--no-stdin] [--cwd DIR] " : "");
		return WIRE_FAIL_BRIDGE;
	}
	client_init(&c, argv[first], argv[first], argv + first + 1);
	c.flags = options.flags;
	c.dir = options.dir;
	error = CFG_SCRIPTS ? mounts_load(&c.mounts) : -ENOSYS;
	error = program_find(&c.program, argv[first], getenv("PATH"), error < 0 ? NULL : &c.mounts);
	return error < 0 ? refuse_missing(&c, error) : client_run(&c);
}
