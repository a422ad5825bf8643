/* doctor.c: landbridge-doctor: what of the way to the host works, and what to do. */
#include "interop/guest/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "binfmt/binfmt.h"
#include "interop/guest/guest.h"
#include "interop/stream/stream.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/loop.h"
#include "lib/places.h"
#include "lib/report.h"
#include "pathconv/pathconv.h"

enum { ABOUT_MAX = 4096 };

bool doctor_is_probe(const char *path)
{
	char head[sizeof(DOCTOR_PROBE)] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is = fd >= 0 && fd_read_full(fd, head, sizeof(head) - 1) > 0 &&
		  strcmp(head, DOCTOR_PROBE) == 0;

	fd_close(&fd);
	return is;
}

/* --- the handler ------------------------------------------------------------------ */

static void look_entry(struct checkup *r)
{
	char program[64] = "/init", other[BINFMT_OTHER] = "";
	int state;

	file_read(LANDBRIDGE_HANDLER, program, sizeof(program));
	state = binfmt_look(BINFMT_DIR, program, other);
	if (state == BINFMT_FIRST)
		report_line(r, REPORT_OK, "binfmt", "%s is there, enabled and first", BINFMT_NAME);
	else if (state == BINFMT_OFF)
		report_line(r, REPORT_FAIL, "binfmt",
			    "it is switched off (echo 1 >" BINFMT_DIR "/" BINFMT_NAME
			    ", and >" BINFMT_DIR "/status)");
	else if (state == BINFMT_MISSING)
		report_line(r, REPORT_FAIL, "binfmt",
			    "%s is not registered (open a new session, which does it; is [interop] "
			    "enabled?)",
			    BINFMT_NAME);
	else if (state == BINFMT_BEHIND)
		report_line(r, REPORT_FAIL, "binfmt",
			    "%s takes .exe files first (open a new session, or echo -1 >" BINFMT_DIR
			    "/%s)",
			    other, other);
	else
		report_line(r, REPORT_FAIL, "binfmt", "unable to look at " BINFMT_DIR ": %s",
			    strerror(-state));
}

/* What the kernel makes of a file that begins with MZ: the child's exit status. */
static int probe_run(void)
{
	int fd = memfd_create("probe", 0), status;
	char path[32];
	char *argv[] = { path, NULL };
	pid_t pid;

	if (fd < 0 || fd_write_all(fd, DOCTOR_PROBE, sizeof(DOCTOR_PROBE) - 1) < 0)
		return -errno;
	/* The kernel runs nothing that is open for writing. */
	fmt(path, sizeof(path), "/proc/self/fd/%d", fd);
	status = open(path, O_RDONLY);
	close(fd);
	fmt(path, sizeof(path), "/proc/self/fd/%d", status);
	pid = status < 0 ? -1 : _Fork();
	if (pid == 0) {
		execv(path, argv);
		_exit(errno == ENOEXEC ? 126 : 127);
	}
	fd_close(&status);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

static void look_exe(struct checkup *r)
{
	int status = probe_run();

	if (status == DOCTOR_PROBE_STATUS)
		report_line(r, REPORT_OK, "exe", "the kernel gives .exe files to us");
	else if (status == 126)
		report_line(
			r, REPORT_FAIL, "exe",
			"the kernel has no handler for .exe files (landbridge-run PROGRAM.EXE works "
			"without)");
	else
		report_line(r, REPORT_FAIL, "exe",
			    "another handler takes .exe files, and ends with %d (see binfmt)",
			    status);
}

/* --- the host --------------------------------------------------------------------- */

static bool look_socket(struct checkup *r)
{
	int fd = unix_connect(LANDBRIDGE_SOCKET);

	if (fd < 0) {
		report_line(r, REPORT_FAIL, "socket", LANDBRIDGE_SOCKET ": %s%s", strerror(-fd),
			    fd == -ENOENT ? " (in a container, bind-mount it from the guest)" : "");
		return false;
	}
	close(fd);
	report_line(r, REPORT_OK, "socket", LANDBRIDGE_SOCKET);
	return true;
}

/* The host says of itself what we say here: STATE CHECK TEXT. */
static void about_line(struct checkup *r, char *line)
{
	static const char *const states[] = { "ok ", "note ", "fail " };

	for (int i = 0; i < 3; i++) {
		size_t len = strlen(states[i]), word;

		if (strncmp(line, states[i], len) != 0)
			continue;
		line += len;
		word = strcspn(line, " ");
		if (!line[word])
			return;
		line[word] = '\0';
		if (line[strspn(line, "abcdefghijklmnopqrstuvwxyz-")] == '\0')
			report_line(r, (enum report_state)i, line, "%s", line + word + 1);
		return;
	}
}

static void about_lines(struct checkup *r, char *text)
{
	for (char *end; *text; text = end) {
		end = text + strcspn(text, "\n");
		if (*end)
			*end++ = '\0';
		about_line(r, text);
	}
}

static void look_host(struct checkup *r)
{
	struct outcome out;
	int64_t before = loop_now();
	int fd = service_call(LANDBRIDGE_SOCKET, "about", NULL, &out);
	char text[ABOUT_MAX];
	ssize_t len;

	if (fd < 0) {
		report_line(r, REPORT_FAIL, "agent", "%s", out.text[0] ? out.text : strerror(-fd));
		return;
	}
	len = fd_read_full(fd, text, sizeof(text) - 1);
	close(fd);
	text[len < 0 ? 0 : len] = '\0';
	report_line(r, REPORT_OK, "agent", "it answers in %d ms", (int)(loop_now() - before));
	if (!strstr(text, "Landbridge " LANDBRIDGE_VERSION "\n"))
		report_line(r, REPORT_FAIL, "versions",
			    "the host's half is another version than " LANDBRIDGE_VERSION
			    " (start the guest with the landbridge that has the agent)");
	about_lines(r, text);
}

/* --- the rest --------------------------------------------------------------------- */

static void look_drives(struct checkup *r)
{
	struct mounts mounts = { 0 };
	char text[256] = "";
	size_t len = 0;
	int error = mounts_load(&mounts);

	for (size_t i = 0; error == 0 && i < mounts.count && len < sizeof(text); i++)
		if (mounts.at[i].drive)
			len += fmt(text + len, sizeof(text) - len, "%s%s on %s", len ? ", " : "",
				   mounts.at[i].drive, mounts.at[i].point);
	mounts_unload(&mounts);
	if (len)
		report_line(r, REPORT_OK, "drives", "%s", text);
	else
		report_line(r, REPORT_NOTE, "drives",
			    "none is mounted (mount -t drvfs C: /mnt/c; see [automount])");
}

static void look_path(struct checkup *r)
{
	const char *path = getenv("PATH");

	if (path && strstr(path, LANDBRIDGE_BIN))
		report_line(r, REPORT_OK, "path", LANDBRIDGE_BIN " is in PATH");
	else
		report_line(r, REPORT_NOTE, "path",
			    LANDBRIDGE_BIN " is not in PATH (log in anew, or . /etc/profile)");
}

int landbridge_doctor_main(int argc, char **argv)
{
	static const char usage[] = "landbridge-doctor: usage: landbridge-doctor [--json]\n";
	struct checkup r = { .fd = STDOUT_FILENO };
	struct utsname u;

	r.json = argc == 2 && strcmp(argv[1], "--json") == 0;
	if (argc > 1 && !r.json) {
		fd_write_all(STDERR_FILENO, usage, sizeof(usage) - 1);
		return WIRE_FAIL_BRIDGE;
	}
	uname(&u);
	report_line(&r, REPORT_OK, "guest", "Landbridge " LANDBRIDGE_VERSION ", Linux %s %s",
		    u.release, u.machine);
	look_entry(&r);
	look_exe(&r);
	/* Without the file server nothing here carries a service. */
	if (look_socket(&r) && CFG_P9D)
		look_host(&r);
	look_drives(&r);
	look_path(&r);
	return r.failed;
}
