/* test_wslpath.c: the program, by hand and on mounts that the kernel describes. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"
#include "pathconv/pathconv.h"
#include "pathconv/test/drive.h"
#include "pathconv/test/space.h"

enum { ARGS = 5 };

/* One call. '@' stands for the test's own directory, in which it runs unless
 * cwd says otherwise. */
struct call {
	const char *args[ARGS];
	const char *out;   /* stdout without its newline; NULL: exit status 1, nothing there, */
	const char *error; /* and this in the one line on stderr */
	const char *cwd;
};

static char around[PATH_MAX - 8], base[PATH_MAX];

static const char *with_base(const char *s, char *out, size_t size)
{
	size_t len = 0;

	for (; *s != '\0'; s++)
		len += *s == '@' ? fmt(out + len, size - len, "%s", base)
				 : fmt(out + len, size - len, "%c", *s);
	out[len] = '\0';
	return out;
}

static void run_child(const struct call *c, int out, int err)
{
	static char args[ARGS][PATH_MAX], cwd[PATH_MAX];
	char *argv[ARGS + 2] = { (char *)(uintptr_t) "wslpath" };
	int argc = 1;

	while (argc <= ARGS && c->args[argc - 1] != NULL) {
		with_base(c->args[argc - 1], args[argc - 1], PATH_MAX);
		argv[argc] = args[argc - 1];
		argc++;
	}
	if (chdir(with_base(c->cwd == NULL ? "@" : c->cwd, cwd, sizeof(cwd))) < 0)
		_exit(99);
	if (strcmp(cwd, base) != 0 && c->cwd != NULL && strcmp(c->cwd, "@/gone") == 0)
		rmdir(cwd);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	_exit(wslpath_main(argc, argv));
}

static int run(const struct call *c, char *out, char *err, size_t size)
{
	int outs[2], errs[2], status = -1;
	ssize_t n;
	pid_t pid;

	if (pipe2(outs, O_CLOEXEC) < 0 || pipe2(errs, O_CLOEXEC) < 0)
		return -1;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		run_child(c, outs[1], errs[1]);
	close(outs[1]);
	close(errs[1]);
	n = fd_read_full(outs[0], out, size - 1);
	out[n < 0 ? 0 : n] = '\0';
	n = fd_read_full(errs[0], err, size - 1);
	err[n < 0 ? 0 : n] = '\0';
	close(outs[0]);
	close(errs[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static bool is_line(const char *s)
{
	const char *newline = strchr(s, '\n');

	return newline != NULL && newline[1] == '\0';
}

static bool call_is_right(const struct call *c, int status, const char *out, const char *err)
{
	char want[PATH_MAX];

	if (c->out == NULL)
		return status == 1 && *out == '\0' && strncmp(err, "wslpath: ", 9) == 0 &&
		       is_line(err) && strstr(err, c->error) != NULL;
	with_base(c->out, want, sizeof(want) - 1);
	strcat(want, "\n");
	return status == 0 && *err == '\0' && strcmp(out, want) == 0;
}

static int check_calls(const struct call *calls, size_t count)
{
	int wrong = 0;

	for (size_t i = 0; i < count; i++) {
		static char out[1 << 15], err[1 << 15];
		int status = run(&calls[i], out, err, sizeof(out));

		if (call_is_right(&calls[i], status, out, err))
			continue;
		fprintf(stderr, "wslpath %s %s %s: %d [%s] [%s], want [%s]\n", calls[i].args[0],
			calls[i].args[1], calls[i].args[2], status, out, err, calls[i].out);
		wrong++;
	}
	return wrong;
}

#define OK(result, ...)                                \
	{                                              \
		.args = { __VA_ARGS__ }, .out = result \
	}
#define OK_IN(dir, result, ...)                                    \
	{                                                          \
		.args = { __VA_ARGS__ }, .out = result, .cwd = dir \
	}
#define BAD(text, ...)                                 \
	{                                              \
		.args = { __VA_ARGS__ }, .error = text \
	}
#define BAD_IN(dir, text, ...)                                     \
	{                                                          \
		.args = { __VA_ARGS__ }, .error = text, .cwd = dir \
	}
#define GUEST "\\\\wsl.localhost\\deb"

/* --- no drive is needed --- */

static const struct call plain[] = {
	OK(GUEST "\\proc", "-w", "/proc"),
	OK(GUEST "\\proc\\", "-w", "/proc/"),
	OK(GUEST "\\", "-w", "/"),
	OK("//wsl.localhost/deb/proc", "-m", "/proc"),
	OK("/proc", GUEST "\\proc"),
	OK("/proc", "-u", "\\\\wsl$\\deb\\proc"),
	OK("a/b", "a\\b"),
	OK("@/a/b", "-a", "a\\b"),
	OK("@/a/b", "-ua", "a\\b"),
	OK("@/a/b", "-a", "-u", "a\\b"),
	OK("a/b", "a\\b", "-u"),
	OK("-x", "--", "-x"),
	OK("-", "-"),
	OK("-a", "-u", "--", "-a"),
	OK("a/b/", "-uu", "a\\b\\"),
	/* what exists is made absolute, what does not stays relative */
	OK(GUEST "\\proc\\", "-w", "/proc//./self/..//"),
	OK("new", "-w", "new"),
	OK("new\\x.txt", "-w", "./new//x.txt"),
	OK("..\\no such", "-w", "../no such"),
	OK(GUEST "\\proc\\new\\x", "-w", "/proc/new/x"),
	OK(GUEST "\\proc\\x", "-w", "/proc/new/../x"),
	OK(GUEST "\\proc\\new\\", "-w", "/proc/new/"),
	/* bad uses */
	BAD("no path given", NULL),
	BAD("no path given", "-w"),
	BAD("no path given", "-aw", "--"),
	BAD("-z: no such option", "-z", "x"),
	BAD("-az: no such option", "-az", "x"),
	BAD("--windows: no such option", "--windows", "x"),
	BAD("only one of -u, -w and -m", "-w", "-u", "x"),
	BAD("only one of -u, -w and -m", "-mw", "x"),
	BAD("y: only one path", "x", "y"),
	BAD("y: only one path", "-w", "x", "--", "y"),
	BAD(": Invalid argument", ""),
	BAD(": Invalid argument", "-w", ""),
	BAD("Q:\\x: on no drive", "Q:\\x"),
	BAD("on no drive, share or guest", "\\\\wsl$\\other\\x"),
	BAD("Not a directory", "-w", "@/file/x"),
	BAD("Too many levels of symbolic links", "-w", "@/loop"),
	/* a directory that was removed */
	OK_IN("@/gone", "/proc", "\\\\wsl$\\deb\\proc"),
	BAD_IN("@/gone", "the current directory is gone", "-a", "x"),
	BAD_IN("@/gone", "the current directory is gone", "-w", "."),
};

static const char *const tree[] = { "c", "p q", "d", "many" };

static void make_tree(void)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < array_len(tree); i++) {
		fmt(path, sizeof(path), "%s/%s", base, tree[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	fmt(path, sizeof(path), "%s/file", base);
	assert_int_equal(file_create(path, "", 0644), 0);
	fmt(path, sizeof(path), "%s/loop", base);
	assert_int_equal(symlink("loop", path), 0);
	fmt(path, sizeof(path), "%s/link", base);
	assert_int_equal(symlink("c/Users", path), 0);
}

static void remove_tree(void)
{
	static const char *const files[] = { "file", "loop", "link" };
	char path[PATH_MAX];

	for (size_t i = 0; i < array_len(files); i++) {
		fmt(path, sizeof(path), "%s/%s", base, files[i]);
		unlink(path);
	}
	for (size_t i = 0; i < array_len(tree); i++) {
		fmt(path, sizeof(path), "%s/%s", base, tree[i]);
		rmdir(path);
	}
	rmdir(base);
	rmdir(around);
}

static void make_gone(void)
{
	char path[PATH_MAX];

	fmt(path, sizeof(path), "%s/gone", base);
	mkdir(path, 0755);
}

static void test_plain(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < array_len(plain); i++) {
		if (plain[i].cwd != NULL)
			make_gone();
		wrong += check_calls(&plain[i], 1);
	}
	assert_int_equal(wrong, 0);
}

static void test_help(void **state)
{
	static const struct call help = { .args = { "--help" } };
	char out[1024], err[1024];

	(void)state;
	assert_int_equal(run(&help, out, err, sizeof(out)), 0);
	assert_string_equal(err, "");
	assert_int_equal(strncmp(out, "usage: wslpath ", 15), 0);
}

/* --- on drives --- */

static const struct call drives[] = {
	OK("C:\\", "-w", "@/c"),
	OK("C:\\Users\\me", "-w", "@/c/Users/me"),
	OK("C:\\Users\\", "-w", "@/c/Users/"),
	OK("C:/Users", "-m", "@/c/Users"),
	OK("C:\\a\xef\x80\xba"
	   "b",
	   "-w", "@/c/a:b"),
	OK("@/c/Users/me", "C:\\Users\\me"),
	OK("@/c", "c:"),
	/* a subtree bound on a directory with a blank; a hole; one over the other */
	OK("C:\\My Projects\\x", "-w", "@/p q/x"),
	OK("@/p q/x", "C:\\my projects\\x"),
	BAD("on no drive", "C:\\hole\\x"),
	OK("D:\\x", "-w", "@/d/x"),
	OK("@/d/x", "D:\\x"),
	BAD("on no drive", "E:\\x"),
	/* not there yet, through a symbolic link too */
	OK("C:\\newdir\\x.txt", "-w", "@/c/newdir/x.txt"),
	OK("C:\\Users\\new.txt", "-w", "@/link/new.txt"),
	OK("C:\\Users\\me", "-w", "@/link/me"),
	/* from a directory on a drive */
	OK_IN("@/c/Users", "C:\\Users\\me", "-w", "me"),
	OK_IN("@/c/Users", "new", "-w", "new"),
	OK_IN("@/c/Users", "C:\\Users\\new", "-aw", "new"),
	OK_IN("@/c/Users", "C:\\", "-w", ".."),
	OK_IN("@/c/Users", "@/c/x", "\\x"),
	OK_IN("@/c/Users", "@/c/Users/x", "C:x"),
	OK_IN("@/c/Users", "@/c/x", "-a", "..\\x"),
	OK_IN("@/p q/a", "@/c/x", "\\x"),
	OK_IN("@/d", "@/d/x", "\\x"),
	BAD_IN("@", "on no drive", "\\x"),
};

static void need_drive(const char *source, const char *place)
{
	char dir[PATH_MAX];
	pid_t pid = drive_mount(source, with_base(place, dir, sizeof(dir)));

	if (pid < 0)
		space_leave("no FUSE", -pid);
}

static void need_mount(const char *source, const char *place, const char *type, unsigned long flags)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (mount(with_base(source, from, sizeof(from)), with_base(place, to, sizeof(to)), type,
		  flags, NULL) < 0) {
		fprintf(stderr, "mount %s on %s: %s\n", from, to, strerror(errno));
		_exit(1);
	}
}

static void run_on_drives(const char *dir)
{
	(void)dir;
	need_drive("C:", "@/c");
	need_mount("@/c/My Projects", "@/p q", NULL, MS_BIND);
	need_mount("none", "@/c/hole", "tmpfs", 0);
	need_drive("E:", "@/d");
	need_drive("D:\\", "@/d");
	if (check_calls(drives, array_len(drives)) != 0)
		_exit(1);
	/* more mounts than any buffer of a sensible size has room for */
	for (int i = 0; i < 2000; i++)
		need_mount("none", "@/many", "tmpfs", 0);
	_exit(check_calls(drives, array_len(drives)) == 0 ? 0 : 1);
}

static void test_drives(void **state)
{
	(void)state;
	space_verdict(space_run(run_on_drives, base));
}

static int setup(void **state)
{
	char dir[PATH_MAX] = "/tmp/wslpath.XXXXXX";

	(void)state;
	setenv("WSL_DISTRO_NAME", "deb", 1);
	/* Not in /tmp itself: what is beside us there is not ours to know. */
	if (mkdtemp(dir) == NULL || realpath(dir, base) == NULL)
		return -1;
	fmt(around, sizeof(around), "%s", base);
	fmt(base, sizeof(base), "%s/in", around);
	if (mkdir(base, 0755) < 0)
		return -1;
	make_tree();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	remove_tree();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_drives),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
