/* test_register.c: the handler's entry, on made-up files and in the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "binfmt/binfmt.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"
#include "pathconv/test/space.h"

#define READY "enabled\ninterpreter /init\nflags: PF\noffset 0\nmagic 4d5a\n"

/* --- on made-up files --- */

struct state_row {
	const char *status, *entry; /* NULL: no such file */
	enum { KEPT, MADE, REPLACED, NOTHING } want;
};

static const struct state_row states[] = {
	{ "enabled\n", READY, KEPT },
	{ "enabled\n", NULL, MADE },
	{ "disabled\n", READY, KEPT },
	{ "disabled\n", NULL, MADE },
	{ NULL, READY, NOTHING },
	{ "enabled\n", "disabled\ninterpreter /init\nflags: PF\noffset 0\nmagic 4d5a\n", REPLACED },
	{ "enabled\n", "enabled\ninterpreter /init\nflags: F\noffset 0\nmagic 4d5a\n", REPLACED },
	{ "enabled\n", "enabled\ninterpreter /init\nflags: POCF\noffset 0\nmagic 4d5a\n",
	  REPLACED },
	{ "enabled\n", "enabled\ninterpreter /initx\nflags: PF\noffset 0\nmagic 4d5a\n", REPLACED },
	{ "enabled\n", "enabled\ninterpreter /init\nflags: PF\noffset 0\nmagic 4d5b\n", REPLACED },
	{ "enabled\n", "enabled\ninterpreter /init\nflags: PF\noffset 1\nmagic 4d5a\n", REPLACED },
	{ "enabled\n", "enabled\ninterpreter /init\nflags: PF\noffset 0\nmagic 4d5a\nmask ffff\n",
	  REPLACED },
	{ "enabled\n", "enabled\ninterpreter /init\nflags: PF\nextension .exe\n", REPLACED },
	{ "enabled\n", "disabled\ninterpreter /x\nflags: PF\noffset 0\nmagic 4d5a\n", REPLACED },
	{ "enabled\n", "disabled\n", REPLACED },
	{ "enabled\n", "enabled", REPLACED },
	{ "enabled\n", "", REPLACED },
};

/* The entries that come before it, as the kernel shows them. */
static const char *const extensions[] = { "bat", "cmd", "BAT", "CMD" };

static void put_file(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];

	fmt(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
	if (text != NULL)
		assert_int_equal(file_create(path, text, 0600), 0);
}

/* What binfmt_register does about it: plain files stand for the kernel's. */
static int done_about(const char *dir)
{
	char entry[2] = "", line[128] = "", path[PATH_MAX];
	int rc, fd;

	put_file(dir, "register", "");
	rc = binfmt_register(dir, "/init", 0);
	fmt(path, sizeof(path), "%s/register", dir);
	file_read(path, line, sizeof(line));
	fmt(path, sizeof(path), "%s/" BINFMT_NAME, dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fd < 0 ? 0 : fd_read_full(fd, entry, 2) < 0, 0);
	fd_close(&fd);
	if (line[0] == '\0')
		return rc == 0 ? KEPT : NOTHING;
	assert_int_equal(rc, -EINVAL); /* these files make no entry of it */
	/* files that are plain are written over, not added to */
	assert_int_equal(memcmp(line, ":" BINFMT_NAME ":M::MZ::/init:PF", 24), 0);
	return memcmp(entry, "-1", 2) == 0 ? REPLACED : MADE;
}

/* Those of the extensions, as they should be or (text NULL) not there. */
static void put_extensions(const char *dir, bool there)
{
	char name[32], text[128];

	for (size_t i = 0; i < array_len(extensions); i++) {
		fmt(name, sizeof(name), "landbridge-%s", extensions[i]);
		fmt(text, sizeof(text), "enabled\ninterpreter /init\nflags: PF\nextension .%s\n",
		    extensions[i]);
		put_file(dir, name, there ? text : NULL);
	}
}

static void test_states(void **state)
{
	char dir[] = "/tmp/binfmt.XXXXXX";
	char long_entry[8192];

	(void)state;
	assert_non_null(mkdtemp(dir));
	put_extensions(dir, true);
	for (size_t i = 0; i < array_len(states); i++) {
		int got;

		put_file(dir, "status", states[i].status);
		put_file(dir, BINFMT_NAME, states[i].entry);
		got = done_about(dir);
		if (got != (int)states[i].want)
			fail_msg("row %zu: got %d, want %d", i, got, (int)states[i].want);
	}
	memset(long_entry, 'x', sizeof(long_entry) - 1);
	long_entry[sizeof(long_entry) - 1] = '\0';
	put_file(dir, BINFMT_NAME, long_entry);
	assert_int_equal(done_about(dir), REPLACED);
	put_file(dir, BINFMT_NAME, NULL);
	put_file(dir, "register", NULL);
	put_file(dir, "status", NULL);
	assert_int_equal(binfmt_register(dir, "/init", 0), -ENOENT);
	put_extensions(dir, false);
	assert_int_equal(rmdir(dir), 0);
}

/* What goes to cmd.exe: the first that is missing is made. */
static void test_extensions(void **state)
{
	char dir[] = "/tmp/binfmt.XXXXXX", path[64], line[128] = "";

	(void)state;
	assert_non_null(mkdtemp(dir));
	put_file(dir, "status", "enabled\n");
	put_file(dir, "register", "");
	put_extensions(dir, true);
	put_file(dir, BINFMT_NAME, READY);
	assert_int_equal(binfmt_register(dir, "/init", 0), 0);
	put_file(dir, "landbridge-cmd", NULL);
	assert_int_equal(binfmt_register(dir, "/init", 0), -EINVAL);
	fmt(path, sizeof(path), "%s/register", dir);
	assert_true(file_read(path, line, sizeof(line)) > 0);
	assert_string_equal(line, ":landbridge-cmd:E::cmd::/init:PF");
	put_extensions(dir, false);
	put_file(dir, BINFMT_NAME, NULL);
	put_file(dir, "status", NULL);
	put_file(dir, "register", NULL);
	assert_int_equal(rmdir(dir), 0);
}

static void test_conf(void **state)
{
	char text[1024];
	const char *last;
	ssize_t len;

	(void)state;
	len = binfmt_conf(text, sizeof(text), "/init");
	assert_true(len > 0);
	assert_int_equal(len, strlen(text));
	for (size_t i = 0; i < array_len(extensions); i++) {
		char line[64];

		fmt(line, sizeof(line), "\n:landbridge-%s:E::%s::/init:PF\n", extensions[i],
		    extensions[i]);
		assert_non_null(strstr(text, line));
	}
	last = strstr(text, "\n:" BINFMT_NAME);
	assert_non_null(last);
	assert_string_equal(last + 1, ":WSLInterop:M::MZ::/init:PF\n");
	/* systemd reads the other lines as comments */
	for (const char *s = text; s <= last; s = strchr(s, '\n') + 1)
		assert_true(*s == '#' || *s == ':');
	assert_int_equal(binfmt_conf(text, (size_t)len, "/init"), -ENAMETOOLONG);
	assert_int_equal(binfmt_conf(text, sizeof(text), "init"), -EINVAL);
	assert_int_equal(binfmt_conf(text, sizeof(text), "/a:b"), -EINVAL);
	assert_int_equal(binfmt_conf(text, sizeof(text), "/a\n:x"), -EINVAL);
}

static void test_conf_write(void **state)
{
	char dir[] = "/tmp/binfmt.XXXXXX", folder[64], path[128], want[1024], got[1024];

	(void)state;
	assert_non_null(mkdtemp(dir));
	fmt(folder, sizeof(folder), "%s/binfmt.d", dir);
	fmt(path, sizeof(path), "%s/" BINFMT_CONF, folder);
	for (int i = 0; i < 2; i++)
		assert_int_equal(binfmt_conf_write(folder, BINFMT_CONF, "/init"), 0);
	binfmt_conf(want, sizeof(want), "/init");
	assert_true(file_read(path, got, sizeof(got)) > 0);
	assert_string_equal(got, want);
	assert_int_equal(binfmt_conf_write(folder, BINFMT_CONF, "init"), -EINVAL);
	unlink(path);
	rmdir(folder);
	rmdir(dir);
}

static void test_takes_exe(void **state)
{
	static const struct {
		const char *entry;
		bool takes;
	} rows[] = {
		{ READY, true },
		{ "enabled\ninterpreter /usr/bin/wine\nflags: \noffset 0\nmagic 4d5a\n", true },
		{ "enabled\ninterpreter /x\nflags: \noffset 0\nmagic 4d\n", true },
		{ "enabled\ninterpreter /x\nflags: \noffset 0\nmagic 4d5b\nmask fff0\n", true },
		{ "enabled\ninterpreter /x\nflags: \noffset 0\nmagic 4d5a90\nmask ffff00\n", true },
		{ "enabled\ninterpreter /x\nflags: \nextension .exe\n", true },
		{ "enabled\ninterpreter /x\nflags: \nextension .EXE\n", true },
		{ "disabled\ninterpreter /x\nflags: \noffset 0\nmagic 4d5a\n", false },
		{ "enabled\ninterpreter /ape\nflags: \noffset 0\nmagic 4d5a71467044\n", false },
		{ "enabled\ninterpreter /x\nflags: \noffset 1\nmagic 4d5a\n", false },
		{ "enabled\ninterpreter /x\nflags: \noffset 0\nmagic 7f454c46\n", false },
		{ "enabled\ninterpreter /x\nflags: \nextension .exec\n", false },
		{ "enabled\ninterpreter /x\nflags: \nextension .py\n", false },
		{ "enabled\ninterpreter /x\nflags: \noffset 0\nmagic \n", false },
		{ "enabled\n", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++)
		if (binfmt_takes_exe(rows[i].entry) != rows[i].takes)
			fail_msg("row %zu: not %d", i, rows[i].takes);
}

/* --- in the kernel, in namespaces of our own --- */

enum { HANDLED = 42 };

/* Our own program is the handler: it prints what reached it. */
static int handler_main(int argc, char **argv)
{
	printf("%d|%lu", argc, getauxval(AT_FLAGS) & 1);
	for (int i = 1; i < argc; i++)
		printf("|%s", argv[i]);
	fflush(stdout);
	_exit(HANDLED);
}

#define check space_check

/* binfmt_misc of our own on dir. */
static void mount_misc(const char *dir)
{
	check(binfmt_register(dir, "/init", 0) == -ENOENT);
	if (mount("binfmt_misc", dir, "binfmt_misc", 0, NULL) < 0)
		space_leave("no binfmt_misc in user namespaces (Linux 6.7)", errno);
}

/* Runs ./x.exe in the current directory; its exit status, and its output. */
static int run_exe(char *out, size_t size)
{
	char *argv[] = { (char *)(uintptr_t) "odd name", (char *)(uintptr_t) "a b",
			 (char *)(uintptr_t) "", NULL };
	int fds[2], status;
	pid_t pid;
	ssize_t len;

	check(pipe2(fds, O_CLOEXEC) == 0);
	pid = fork();
	check(pid >= 0);
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		execv("./x.exe", argv);
		_exit(errno == ENOEXEC ? 100 : 101);
	}
	close(fds[1]);
	len = fd_read_full(fds[0], out, size - 1);
	check(len >= 0);
	out[len] = '\0';
	close(fds[0]);
	check(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void check_run(void)
{
	char out[512];
	int status = run_exe(out, sizeof(out));

	check(status == HANDLED);
	check(strcmp(out, "5|1|./x.exe|odd name|a b|") == 0);
}

static void write_to(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];

	fmt(path, sizeof(path), "%s/%s", dir, name);
	check(file_write(path, text) == 0);
}

static void check_ready(const char *dir, const char *self)
{
	check(binfmt_register(dir, self, 0) == 0);
	check_run();
}

static void check_look(const char *dir, const char *self, int want, const char *other)
{
	char found[BINFMT_OTHER] = "";

	check(binfmt_look(dir, self, found) == want);
	check(strcmp(found, other) == 0);
}

static void check_kernel(const char *dir, const char *self)
{
	char out[512];

	check(run_exe(out, sizeof(out)) == 100);
	check(binfmt_register(dir, "/nonexistent", 0) == -ENOENT);
	check_ready(dir, self);
	check_ready(dir, self);
	/* switched off, removed, flushed with all others, another's */
	write_to(dir, BINFMT_NAME, "0");
	check_ready(dir, self);
	write_to(dir, BINFMT_NAME, "-1");
	check_ready(dir, self);
	write_to(dir, "status", "-1");
	check_ready(dir, self);
	write_to(dir, BINFMT_NAME, "-1");
	write_to(dir, "register", ":" BINFMT_NAME ":M::MZ::/bin/false:");
	check_ready(dir, self);
	check_look(dir, self, BINFMT_FIRST, "");
	write_to(dir, BINFMT_NAME, "0");
	check_look(dir, self, BINFMT_OFF, "");
	write_to(dir, BINFMT_NAME, "-1");
	check_look(dir, self, BINFMT_MISSING, "");
	check_ready(dir, self);
	/* one that says more is another's */
	write_to(dir, "register", ":ape:M::MZqFpD::/bin/false:");
	check_look(dir, self, BINFMT_FIRST, "");
	/* the newest entry is the one that counts */
	write_to(dir, "register", ":other:M::MZ::/bin/false:");
	check(run_exe(out, sizeof(out)) == 1);
	check_look(dir, self, BINFMT_BEHIND, "other");
	check(binfmt_register(dir, self, 0) == 0 && run_exe(out, sizeof(out)) == 1);
	check(binfmt_register(dir, self, 1) == 0);
	check_run();
	/* made within the same tick of the clock it may not be seen that it is */
	check(binfmt_look(dir, self, NULL) == BINFMT_FIRST || binfmt_register(dir, self, 1) == 0);
	/* the switch for all is the owner's */
	write_to(dir, "status", "0");
	check(binfmt_register(dir, self, 0) == 0);
	check(run_exe(out, sizeof(out)) == 100);
	check_look(dir, self, BINFMT_OFF, "");
	write_to(dir, "status", "1");
	check_run();
}

/* What systemd-binfmt does with our file: the last line, as it is. */
static void check_conf(const char *dir, const char *self)
{
	char text[PATH_MAX], *line;

	check(binfmt_conf(text, sizeof(text), self) > 0);
	line = strstr(text, "\n:" BINFMT_NAME) + 1;
	*strchr(line, '\n') = '\0';
	write_to(dir, "status", "-1");
	write_to(dir, "register", line);
	check_run();
}

static void run_with_misc(const char *dir)
{
	char self[PATH_MAX], misc[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	check(len > 0);
	self[len] = '\0';
	fmt(misc, sizeof(misc), "%s/misc", dir);
	check(chdir(dir) == 0);
	mount_misc(misc);
	check_kernel(misc, self);
	check_conf(misc, self);
	_exit(0);
}

static void test_kernel(void **state)
{
	char dir[] = "/tmp/binfmt.XXXXXX", misc[64];
	int status;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fmt(misc, sizeof(misc), "%s/misc", dir);
	assert_int_equal(mkdir(misc, 0700), 0);
	put_file(dir, "x.exe", "MZ is all it takes\n");
	fmt(misc, sizeof(misc), "%s/x.exe", dir);
	assert_int_equal(chmod(misc, 0700), 0);
	status = space_run(run_with_misc, dir);
	put_file(dir, "x.exe", NULL);
	fmt(misc, sizeof(misc), "%s/misc", dir);
	rmdir(misc);
	rmdir(dir);
	space_verdict(status);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),     cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_takes_exe),  cmocka_unit_test(test_conf),
		cmocka_unit_test(test_conf_write), cmocka_unit_test(test_kernel),
	};

	if (argc > 1)
		return handler_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
