/* session.c: one session: a login shell or a command for the host. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/command.h"
#include "init/env.h"
#include "init/etc.h"
#include "init/exe.h"
#include "init/hostpath.h"
#include "init/init.h"
#include "init/linkdrive.h"
#include "init/login.h"
#include "init/logind.h"
#include "init/oom.h"
#include "init/ready.h"
#include "init/shims.h"
#include "init/systemd.h"
#include "interop/stream/stream.h"
#include "pathconv/pathconv.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"

enum {
	ENDPOINT = 3,
	GROUPS_MAX = 1024,
	PATH_LIST_MAX = HOSTPATH_MAX + 1024,
	ENVIRONMENT_VARS = 64, /* of /etc/environment ... */
	ENVIRONMENT_MAX = 16 * 1024,
	ENV_OURS = 32 + ENVIRONMENT_VARS,                      /* variables ... */
	ENV_TEXT = 2 * PATH_LIST_MAX + 8192 + ENVIRONMENT_MAX, /* ... and their text */
};

struct login_session {
	struct settings settings;
	struct settings_text text;
	struct login who;
	gid_t groups[GROUPS_MAX];
	size_t group_count;
	struct hostpath host_path;
	bool inside; /* systemd's namespaces */
	struct logind logind;
	char why[400];
};

/* What a child could not do before or by exec. */
struct trouble {
	enum { TROUBLE_SETUP, TROUBLE_USER, TROUBLE_CWD, TROUBLE_EXEC } at;
	int error;
};

/* --- the environment -------------------------------------------------------- */

static const char *distro_name(const struct settings *s, const char *hostname)
{
	return s->name && *s->name ? s->name : hostname;
}

/* landbridge's helpers, and the host's own PATH as it looks from here. */
static void path_extra(struct login_session *s, const char *name, char *out, size_t size)
{
	const char *list = "";

	if (s->settings.interop && s->settings.append_windows_path)
		list = CFG_SHIMS && s->settings.shims ? LANDBRIDGE_SHIMS
						      : hostpath_list(&s->host_path, name);
	if (fmt(out, size, "%s%s%s", LANDBRIDGE_BIN, *list ? ":" : "", list) >= size)
		fmt(out, size, "%s", LANDBRIDGE_BIN);
}

/* For shells that set PATH anew: see LANDBRIDGE_PATH_FILE. */
static void path_publish(char *extra)
{
	size_t len = strlen(extra);

	extra[len] = '\n';
	extra[len + 1] = '\0';
	file_replace(LANDBRIDGE_PATH_FILE, extra, 0644);
}

/* env: or NULL, only to write it down. */
static void env_path(struct env *env, struct login_session *s, const char *name)
{
	const char *said = env ? env_get(env, "PATH") : NULL;
	char *path = malloc(PATH_LIST_MAX + ENVIRONMENT_MAX);
	size_t len;

	if (!path)
		return;
	len = said && *said ? fmt(path, ENVIRONMENT_MAX, "%s:", said)
			    : fmt(path, ENVIRONMENT_MAX, "%.*s", (int)sizeof(SYSTEM_DIRS) - 1,
				  system_path + strlen("PATH="));
	path_extra(s, name, path + len, PATH_LIST_MAX - len - 2);
	if (env)
		env_set(env, "PATH", path);
	path_publish(path + len);
	free(path);
}

/* What the image says for all of its users. */
static void env_image(struct env *env)
{
	char text[ENVIRONMENT_MAX], *at = text;
	const char *name, *value;

	if (file_read("/etc/environment", text, sizeof(text)) <= 0)
		return;
	for (int i = 0; i < ENVIRONMENT_VARS && environment_next(&at, &name, &value); i++)
		env_set(env, name, value);
}

static void env_lang(struct env *env)
{
	static const char *const files[] = { "/etc/default/locale", "/etc/locale.conf" };
	char text[2048], lang[128];

	for (size_t i = 0; i < array_len(files); i++) {
		if (file_read(files[i], text, sizeof(text)) >= 0 &&
		    lang_parse(text, lang, sizeof(lang))) {
			env_set(env, "LANG", lang);
			return;
		}
	}
}

static bool env_init(struct env *env, size_t more)
{
	*env = (struct env){ .max = ENV_OURS + more + 1, .size = ENV_TEXT };
	env->at = calloc(env->max, sizeof(*env->at));
	env->text = malloc(env->size);
	return env->at && env->text;
}

/* The host's own wishes (TERM and such) come last and win. */
static int env_build(struct env *env, struct login_session *s, const struct open *l)
{
	struct wire_str entry;
	struct utsname u;
	size_t pos = 0;

	if (!env_init(env, l->envc))
		return -ENOMEM;
	uname(&u);
	env_set(env, "HOSTTYPE", u.machine);
	env_set(env, "TERM", "xterm-256color");
	env_set(env, "LANG", "C.UTF-8");
	if (CFG_NSS)
		env_image(env);
	env_lang(env);
	env_path(env, s, distro_name(&s->settings, u.nodename));
	if (s->settings.interop)
		env_set(env, "WSL_INTEROP", LANDBRIDGE_SOCKET);
	env_set(env, "WSL_DISTRO_NAME", distro_name(&s->settings, u.nodename));
	env_set(env, "NAME", u.nodename);
	env_set(env, "HOME", s->who.home);
	env_set(env, "USER", s->who.name);
	env_set(env, "LOGNAME", s->who.name);
	env_set(env, "SHELL", s->who.shell);
	if (CFG_SYSTEMD && *s->logind.runtime)
		logind_env(&s->logind, env);
	while (open_next(l, OPEN_TAG_ENV, &pos, &entry))
		env_put(env, (char *)(uintptr_t)entry.at);
	return env->full ? -E2BIG : 0;
}

/* --- the child -------------------------------------------------------------- */

static char **argv_build(const struct open *l, const char *arg0)
{
	char **argv = calloc(l->argc + 2, sizeof(*argv));
	struct wire_str arg;
	size_t pos = 0, count = 0;

	if (!argv)
		return NULL;
	argv[0] = (char *)(uintptr_t)arg0;
	if (l->program.len > 0)
		while (count < l->argc && open_next(l, OPEN_TAG_ARG, &pos, &arg))
			argv[count++] = (char *)(uintptr_t)arg.at;
	return argv;
}

/* By system calls: the C library's functions change every thread of a process,
 * and count a parent, whose memory we still have, among ours. */
static int user_become(const struct login_session *s)
{
	const struct login *who = &s->who;

	if (geteuid() != 0 && geteuid() == who->uid)
		return 0;
	if (syscall(SYS_setgroups, s->group_count, s->groups) < 0 ||
	    syscall(SYS_setgid, who->gid) < 0 || syscall(SYS_setuid, who->uid) < 0)
		return -errno;
	return 0;
}

/* A Windows program says where it is as it knows it. */
static const char *cwd_translate(const char *cwd, char *out)
{
	char name[256];
	struct mounts mounts;
	struct pathconv pc = { &mounts, guest_name(name, sizeof(name)), NULL };
	ssize_t len;

	if (cwd[0] != '\\' && (!cwd[0] || cwd[1] != ':'))
		return cwd;
	if (mounts_load(&mounts) < 0)
		return cwd;
	len = path_to_linux(&pc, cwd, 0, out, PATH_MAX);
	mounts_unload(&mounts);
	return len < 0 ? cwd : out; /* where nothing is, as no file of ours is C:\x */
}

static int cwd_enter(const struct login_session *s, const char *cwd)
{
	if (cwd[0] == '~' && cwd[1] == '/') {
		if (chdir(s->who.home) < 0)
			return -errno;
		cwd += 2 + strspn(cwd + 2, "/");
		return *cwd && chdir(cwd) < 0 ? -errno : 0;
	}
	if (*cwd)
		return chdir(cwd) < 0 ? -errno : 0;
	/* A user without a home can still log in. */
	return chdir(s->who.home) < 0 && chdir("/") < 0 ? -errno : 0;
}

/* "-bash": how a login shell knows that it is one. */
static const char *login_arg0(const struct login_session *s, char *buf, size_t size)
{
	const char *slash = strrchr(s->who.shell, '/');

	fmt(buf, size, "-%s", slash ? slash + 1 : s->who.shell);
	return buf;
}

/* All that the child execs, made before it is. */
struct image {
	const char *program; /* a path, or a name that PATH has */
	char **argv;
	const char *cwd;
	struct env env;
	char arg0[300];
	char dir[PATH_MAX];
};

static int image_build(struct image *image, struct login_session *s, const struct open *l)
{
	bool shell = l->program.len == 0;

	image->cwd = cwd_translate(l->cwd.at, image->dir);
	image->program = shell ? s->who.shell : l->program.at;
	image->argv = argv_build(l, shell ? login_arg0(s, image->arg0, sizeof(image->arg0))
					  : image->program);
	return image->argv ? env_build(&image->env, s, l) : -ENOMEM;
}

static struct trouble child_run(const struct login_session *s, const struct open *l,
				const struct image *image)
{
	bool tty = l->flags & PROGRAM_TTY;
	int err;

	/* The group stays the terminals' own (devpts gid=). */
	if (tty && (fchown(0, s->who.uid, (gid_t)-1) < 0 || fchmod(0, 0620) < 0))
		return (struct trouble){ TROUBLE_SETUP, -errno };
	file_write(OOM_SCORE_ADJ, OOM_USERS); /* while it may */
	err = user_become(s);
	if (err < 0)
		return (struct trouble){ TROUBLE_USER, err };
	umask((mode_t)s->settings.umask & 0777);
	err = cwd_enter(s, image->cwd);
	if (err < 0)
		return (struct trouble){ TROUBLE_CWD, err };
	environ = image->env.at;
	execvp(image->program, image->argv); /* looks in the PATH of environ */
	return (struct trouble){ TROUBLE_EXEC, -errno };
}

/* --- the runner's side ------------------------------------------------------ */

static int refuse(struct login_session *s, struct failed *why, uint32_t code, int err)
{
	*why = (struct failed){ code, (uint32_t)-err, { s->why, strlen(s->why) } };
	return err;
}

static int trouble_tell(struct login_session *s, const struct open *l, const struct trouble *t,
			struct failed *why)
{
	const char *program = l->program.len ? l->program.at : s->who.shell;
	const char *text = strerror(-t->error);
	bool missing = t->at == TROUBLE_EXEC && t->error == -ENOENT;

	if (t->at == TROUBLE_SETUP)
		fmt(s->why, sizeof(s->why), "unable to set up the session: %s", text);
	else if (t->at == TROUBLE_USER)
		fmt(s->why, sizeof(s->why), "unable to become the user %s: %s", s->who.name, text);
	else if (t->at == TROUBLE_CWD)
		fmt(s->why, sizeof(s->why), "unable to enter the directory %.200s: %s", l->cwd.at,
		    text);
	else if (missing && !l->program.len)
		fmt(s->why, sizeof(s->why),
		    "unable to run %.150s, the login shell of %.60s: not found in the guest",
		    program, s->who.name);
	else if (missing && !strchr(program, '/'))
		fmt(s->why, sizeof(s->why), "%.200s: command not found in the guest", program);
	else
		fmt(s->why, sizeof(s->why), "unable to run %.200s in the guest: %s", program,
		    missing ? "it, or the interpreter it names, does not exist" : text);
	refuse(s, why, missing ? WIRE_FAIL_NOT_FOUND : WIRE_FAIL_NOT_RUN, t->error);
	if (t->at == TROUBLE_CWD)
		why->os_error = WIRE_ERROR_DIRECTORY; /* the caller may do without */
	return t->error;
}

struct child {
	const struct login_session *session;
	const struct open *launch;
	const struct image *image;
	struct trouble *trouble;
};

static int child_main(void *arg)
{
	const struct child *c = arg;

	*c->trouble = child_run(c->session, c->launch, c->image);
	return c->trouble->error;
}

static pid_t image_start(struct login_session *s, const struct open *l,
			 const struct child_setup *setup, struct trouble *t)
{
	struct image image = { 0 };
	struct child child = { s, l, &image, t };
	char **before = environ; /* the child shares our memory until it execs */
	pid_t pid = image_build(&image, s, l);

	*t = (struct trouble){ TROUBLE_SETUP, 0 };
	if (pid == 0)
		pid = child_exec(setup, child_main, &child);
	environ = before;
	t->error = pid < 0 ? pid : 0;
	free(image.argv);
	free(image.env.at);
	free(image.env.text);
	return pid;
}

/* Without one the program runs all the same; whoever looks at it is told why. */
static void logind_begin(struct login_session *s, const struct child_setup *child, bool is_tty)
{
	char path[32], tty[32] = "", line[256];

	fmt(path, sizeof(path), "/proc/self/fd/%d", child->fds[0]);
	if (is_tty && readlink(path, tty, sizeof(tty) - 1) < 0)
		*tty = '\0';
	s->logind.uid = s->who.uid;
	s->logind.tty = tty;
	s->logind.caller = ENDPOINT;
	s->logind.wait_ms = systemd_left_ms(s->settings.init_timeout);
	if (logind_open(&s->logind) == 0) {
		systemd_up();
		return;
	}
	fmt(line, sizeof(line), "landbridge: no session of systemd's: %s\n", s->logind.why);
	fd_write_all(child->fds[is_tty ? 1 : 2], line, strlen(line));
}

static int session_spawn(void *owner, const struct open *l, const struct child_setup *child,
			 struct job *job, struct failed *why)
{
	struct login_session *s = owner;
	struct trouble t;

	settings_load(&s->settings, &s->text);
	if (CFG_INTEROP && CFG_BINFMT_GUARD)
		exe_restore_ours();
	if (login_find(&s->who, l->user.len ? l->user.at : NULL, &s->settings) < 0) {
		fmt(s->why, sizeof(s->why), "there is no user %.200s in the guest%s", s->who.name,
		    l->user.len ? "" : " ([user] default in /etc/wsl.conf; --user root gets in)");
		return refuse(s, why, WIRE_FAIL_BRIDGE, -ENOENT);
	}
	s->group_count = login_groups(&s->who, s->groups, GROUPS_MAX);
	*job = (struct job){ .report = -1, .subsystem = WIRE_NATIVE };
	if (CFG_SYSTEMD && s->inside)
		logind_begin(s, child, l->flags & PROGRAM_TTY);
	job->pid = image_start(s, l, child, &t);
	if (job->pid < 0)
		return trouble_tell(s, l, &t, why);
	return 0;
}

int session_main(int argc, char **argv)
{
	static const struct runner_ops ops = {
		.spawn = session_spawn,
		/* A drive that was mounted by hand is the machine's. */
		.spared = CFG_P9FS ? link_drives_find : NULL,
	};
	struct login_session s = { 0 };
	struct utsname u;

	(void)argc;
	(void)argv;
	fd_set_cloexec(ENDPOINT, 1);
	hostpath_init(&s.host_path, getenv("LANDBRIDGE_HOST_PATH"));
	/* What follows is done before anybody waits for it. */
	ready_wait();
	settings_load(&s.settings, &s.text);
	if (CFG_SHIMS && s.settings.interop && s.settings.shims)
		shims_want(s.host_path.windows);
	s.inside = CFG_SYSTEMD && s.settings.systemd && systemd_join() == 0;
	if (uname(&u) == 0)
		env_path(NULL, &s, distro_name(&s.settings, u.nodename));
	return runner_serve(ENDPOINT, &ops, &s) < 0 ? 1 : 0;
}
