/* cp.c: landbridge cp: files between this host and guests.
 *
 * Each guest's tree is mounted as landbridge mount has it, but where no path leads
 * (folder.h). A path of the person's is looked up with the guest's root as its root; from
 * there on every name alone (copy.h). So no link of the guest's leads to the host's files.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/operand.h"
#include "interop/host/posix/commands.h"
#include "interop/host/posix/contents.h"
#include "interop/host/posix/copy.h"
#include "interop/host/posix/folder.h"
#include "interop/host/posix/session.h"
#include "lib/lib.h"

enum { GUESTS_MAX = 8, NOT_ALL = 1, HOME_MS = 5000, TRIES = 1000 };

struct guest {
	char name[OPERAND_MACHINE];
	char socket[PATH_MAX];
	char home[PATH_MAX];
	bool written;
	int root;
	pid_t server;
};

struct cp {
	const struct options *options;
	struct guest guests[GUESTS_MAX];
	size_t guest_count;
	size_t operand_count;
	struct copy copy;
	char name[NAME_MAX + 1]; /* of the copy; empty: the source's, in a directory */
	bool slash;              /* it is to be a directory */
	struct fault why;
};

static volatile sig_atomic_t stop;

static void stop_set(int signal)
{
	stop = signal;
}

/* A second one ends us at once. */
static void signals_take(void)
{
	const struct sigaction action = { .sa_handler = stop_set, .sa_flags = SA_RESETHAND };
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction now;

	for (size_t i = 0; i < array_len(ending); i++)
		if (sigaction(ending[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaction(ending[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* --- guests ----------------------------------------------------------------------------- */

static struct guest *guest_of(struct cp *cp, const struct operand *operand)
{
	for (size_t i = 0; i < cp->guest_count; i++)
		if (strcmp(cp->guests[i].name, operand->machine) == 0)
			return &cp->guests[i];
	return NULL;
}

/* Those that are named, each once; one that does not run is started. */
static int guest_add(struct cp *cp, const struct operand *operand)
{
	struct guest *g = &cp->guests[cp->guest_count];
	struct options wanted = { .machine = g->name };

	if (!operand->machine[0] || guest_of(cp, operand))
		return 0;
	if (cp->guest_count == GUESTS_MAX)
		return fault_set(&cp->why, HOST_FAILED, "unable to copy from more than %d machines",
				 GUESTS_MAX);
	fmt(g->name, sizeof(g->name), "%s", operand->machine);
	g->root = -1;
	cp->guest_count++;
	return session_socket(&wanted, g->socket, &cp->why);
}

static int guests_find(struct cp *cp)
{
	char *const *texts = cp->options->command;
	struct operand operand;
	struct guest *g;

	for (size_t i = 0; texts[i]; i++, cp->operand_count++)
		if (operand_parse(&operand, texts[i], &cp->why) < 0 || guest_add(cp, &operand) < 0)
			return -1;
	g = guest_of(cp, &operand);
	if (g)
		g->written = true;
	return 0;
}

static int guests_open(struct cp *cp)
{
	for (size_t i = 0; i < cp->guest_count; i++) {
		struct guest *g = &cp->guests[i];
		const struct folder_wish wish = { g->socket, cp->options->user, !g->written };

		g->root = folder_open_unseen(&wish, &g->server, &cp->why);
		if (g->root < 0)
			return -1;
	}
	return 0;
}

static void guests_close(struct cp *cp)
{
	for (size_t i = 0; i < cp->guest_count; i++) {
		struct guest *g = &cp->guests[i];

		if (g->root < 0)
			continue;
		fd_close(&g->root);
		folder_end(g->server);
	}
}

/* In a process whose output is what we read: the home, or why there is none. */
static _Noreturn void home_say(const struct cp *cp, const struct guest *g)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "cd 2>/dev/null && pwd" },
			    NULL };
	const struct session session = { .user = cp->options->user, .command = command };
	struct outcome out;

	session_run(g->socket, &session, &out);
	fd_write_all(STDOUT_FILENO, out.text, strlen(out.text));
	_exit(outcome_status(&out));
}

/* What it said, to g->home; whether that is a path. */
static bool home_ask(struct cp *cp, struct guest *g, const int output[2])
{
	const int fds[] = { -1, output[1], -1 };
	const struct child_setup setup = { .flags = CHILD_SESSION | CHILD_ALONE,
					   .death_signal = SIGTERM,
					   .fds = fds,
					   .fd_count = array_len(fds) };
	pid_t pid = child_fork(&setup);
	bool said;
	ssize_t len;

	if (pid == 0)
		home_say(cp, g);
	close(output[1]);
	said = pid > 0 && child_wait(pid, HOME_MS) == 0; /* a guest that hangs does not hold us */
	len = fd_set_nonblock(output[0]) < 0 ? -1 : read(output[0], g->home, sizeof(g->home) - 1);
	g->home[len > 0 ? len : 0] = '\0';
	g->home[strcspn(g->home, "\n")] = '\0';
	return said && g->home[0] == '/';
}

/* Where the guest's user is at home. */
static int home_find(struct cp *cp, struct guest *g)
{
	int output[2];
	bool found;

	if (g->home[0])
		return 0;
	if (pipe2(output, O_CLOEXEC) < 0)
		return fault_set(&cp->why, HOST_FAILED, "unable to make a pipe: %s",
				 strerror(errno));
	found = home_ask(cp, g, output);
	close(output[0]);
	return found ? 0
		     : fault_set(
			       &cp->why, HOST_FAILED,
			       "unable to find the user's home in %s: %s (a path that begins with "
			       "/ needs none)",
			       g->name, g->home[0] ? g->home : "there is none");
}

/* --- paths -------------------------------------------------------------------------------- */

/* A path as it is to be looked up, by whoever has it. */
struct site {
	struct guest *guest; /* NULL: this host */
	const char *shown;   /* as the person wrote it */
	char path[PATH_MAX];
};

static int site_find(struct cp *cp, const char *text, struct site *w)
{
	struct operand operand;
	int fits;

	if (operand_parse(&operand, text, &cp->why) < 0)
		return -1;
	w->guest = guest_of(cp, &operand);
	w->shown = text;
	if (w->guest && operand.path[0] != '/') {
		if (home_find(cp, w->guest) < 0)
			return -1;
		fits = path_format(w->path, sizeof(w->path), "%s/%s", w->guest->home, operand.path);
	} else
		fits = path_format(w->path, sizeof(w->path), "%s", operand.path);
	return fits < 0 ? fault_set(&cp->why, NOT_ALL, "unable to copy %s: %s", text,
				    strerror(-fits))
			: 0;
}

/* With a root of its own. While anything on this host is renamed, the kernel cannot
 * tell whether ".." left it, and wants to be asked again (openat2(2)). */
static int open_in(int root, const char *path, unsigned flags)
{
	const struct open_how how = { .flags = flags,
				      .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int fd = -1;

	for (int i = 0; i < TRIES && fd < 0; i++) {
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd < 0 && errno != EAGAIN)
			break;
	}
	return fd;
}

/* Follows links; the guest's stay in the guest. */
static int site_open(const struct site *w, const char *path, unsigned flags)
{
	int fd = w->guest ? open_in(w->guest->root, path, flags | O_CLOEXEC)
			  : open(path, (int)(flags | O_CLOEXEC));

	return fd < 0 ? -errno : fd;
}

/* The directory that a path's last name is in. */
static int site_open_above(const struct site *w, const char *path)
{
	char above[PATH_MAX];
	size_t len;
	const char *name = operand_base(path, &len);

	fmt(above, sizeof(above), "%.*s", (int)(name - path), path);
	return site_open(w, above[0] ? above : ".", O_PATH | O_DIRECTORY);
}

static int name_take(struct cp *cp, const char *path)
{
	size_t len;
	const char *name = operand_base(path, &len);

	if (len == 0 || len >= sizeof(cp->name))
		return len ? -ENAMETOOLONG : -ENOENT;
	fmt(cp->name, sizeof(cp->name), "%.*s", (int)len, name);
	return 0;
}

/* Something that is there and no directory: where it really is, it is replaced. */
static int top_of_file(struct cp *cp, const struct site *w, int fd)
{
	char proc[64], real[PATH_MAX];
	ssize_t len;
	int r;

	fmt(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	len = readlink(proc, real, sizeof(real) - 1);
	if (len < 0)
		return -errno;
	real[len] = '\0';
	r = name_take(cp, real);
	return r < 0 ? r : site_open_above(w, real);
}

/* Nothing is there yet. */
static int top_of_new(struct cp *cp, const struct site *w)
{
	int r = name_take(cp, w->path), top = r < 0 ? r : site_open_above(w, w->path);
	struct stat st;

	if (top < 0 || fstatat(top, cp->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return top;
	close(top);
	return -ENOLINK;
}

static int top_open(struct cp *cp, const struct site *w)
{
	const size_t len = strlen(w->path);
	const bool several = cp->operand_count > 2;
	int fd = site_open(w, w->path, O_PATH), top;
	struct stat st;

	if (fd == -ENOENT && !several) {
		cp->slash = len > 0 && w->path[len - 1] == '/';
		return top_of_new(cp, w);
	}
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return fd;
	top = several ? -ENOTDIR : top_of_file(cp, w, fd);
	close(fd);
	return top;
}

/* --- copying -------------------------------------------------------------------------------- */

/* Names are the guest's to choose, but not what a terminal does. */
static void failed(void *owner, const char *path, const char *why)
{
	struct fault fault = { 0 };
	size_t len = strlen(path);

	(void)owner;
	fault_set(&fault, NOT_ALL, "unable to copy %s%s: %s", len > 500 ? "..." : "",
		  path + (len > 500 ? len - 500 : 0), why);
	fault_print(&fault);
}

/* The directory that `name` is one of, or that is itself what is meant (a path with a
 * slash at its end, or dots). */
static int source_open(const struct site *w, char *name, char *base)
{
	const size_t len = strlen(w->path);
	size_t base_len;
	const char *last = operand_base(w->path, &base_len);

	if (base_len > NAME_MAX)
		return -ENAMETOOLONG;
	fmt(base, NAME_MAX + 1, "%.*s", base_len ? (int)base_len : 1, base_len ? last : ".");
	fmt(name, NAME_MAX + 1, "%s", base);
	if (base_len > 0 && w->path[len - 1] != '/')
		return site_open_above(w, w->path);
	fmt(name, NAME_MAX + 1, ".");
	return site_open(w, w->path, O_RDONLY | O_DIRECTORY);
}

static int source_copy(struct cp *cp, const char *text)
{
	const unsigned owners = geteuid() == 0 ? ATTRIBUTES_OWNER : 0;
	char name[NAME_MAX + 1], base[NAME_MAX + 1];
	struct copy *c = &cp->copy;
	struct site w;
	struct stat st;
	int dir;

	if (site_find(cp, text, &w) < 0)
		return -1;
	dir = source_open(&w, name, base);
	if (dir >= 0 && cp->slash && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISDIR(st.st_mode)) {
		close(dir);
		dir = -ENOTDIR;
	}
	if (dir < 0) {
		failed(cp, text, strerror(-dir));
		c->failures++;
		return 0;
	}
	c->flags = owners | (w.guest ? ATTRIBUTES_WARY : 0);
	fmt(c->shown, sizeof(c->shown), "%s", text);
	copy_tree(c, dir, name, cp->name[0] ? cp->name : base);
	close(dir);
	return 0;
}

static int all_copy(struct cp *cp)
{
	char *const *texts = cp->options->command;
	struct site w;

	if (site_find(cp, texts[cp->operand_count - 1], &w) < 0)
		return -1;
	cp->copy.top = top_open(cp, &w);
	if (cp->copy.top < 0)
		return fault_set(&cp->why, NOT_ALL, "unable to copy to %s: %s", w.shown,
				 cp->copy.top == -ENOLINK ? "it is a link that leads nowhere"
							  : strerror(-cp->copy.top));
	for (size_t i = 0; i + 1 < cp->operand_count && !cp->copy.over; i++)
		if (source_copy(cp, texts[i]) < 0)
			return -1;
	return 0;
}

int cp_main(const struct options *options)
{
	struct cp cp = { .options = options,
			 .copy = { .top = -1, .stop = &stop, .failed = failed } };
	struct outcome end = { .how = OUTCOME_STOPPED };

	if (guests_find(&cp) < 0)
		return fault_print(&cp.why);
	signals_take();
	if (guests_open(&cp) == 0 && !stop) {
		umask(0);
		all_copy(&cp);
	}
	copy_end(&cp.copy);
	fd_close(&cp.copy.top);
	guests_close(&cp);
	if (stop) {
		end.code = (uint32_t)stop;
		return outcome_end(&end);
	}
	if (cp.why.status)
		return fault_print(&cp.why);
	return cp.copy.failures ? NOT_ALL : 0;
}
