/* test_request.c: what a client asks for: names, arguments, environment. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interop/guest/program.h"
#include "interop/guest/request.h"
#include "interop/wire/wire.h"
#include "lib/fd.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static const struct mount drives[] = {
	{ .id = 1, .parent = 0, .point = "/", .root = "/" },
	{ .id = 2, .parent = 1, .point = "/mnt/c", .root = "/", .drive = "C:" },
};

static const struct mounts table = { .at = (struct mount *)(uintptr_t)drives,
				     .count = 2,
				     .size = 2 };

struct request_case {
	const char *name;
	const char *path, *given, *argv0, *cwd;
	const char *args[4];
	const char *env[6];
	int want;
	const char *program, *dir; /* what is sent; dir "": nothing */
	const char *argv[5];
	const char *vars[5];
	const char *left_out; /* of WSLENV */
};

#define NOTEPAD "/mnt/c/Windows/notepad.exe"
#define SENT_NOTEPAD .program = "C:\\Windows\\notepad.exe"

static const struct request_case cases[] = {
	{ "plain",
	  NOTEPAD,
	  NOTEPAD,
	  "notepad.exe",
	  "/mnt/c/a b",
	  { "x y", "", "\"q\\" },
	  { "A=1" },
	  0,
	  SENT_NOTEPAD,
	  "C:\\a b",
	  { "notepad.exe", "x y", "", "\"q\\" },
	  { NULL } },
	{ "argv[0] is the path",
	  NOTEPAD,
	  NOTEPAD,
	  NOTEPAD,
	  "/mnt/c",
	  { NULL },
	  { NULL },
	  0,
	  SENT_NOTEPAD,
	  "C:\\",
	  { "notepad.exe" },
	  { NULL } },
	{ "argv[0] is another path",
	  NOTEPAD,
	  NOTEPAD,
	  "/x/y",
	  "/mnt/c",
	  { NULL },
	  { NULL },
	  0,
	  SENT_NOTEPAD,
	  "C:\\",
	  { "/x/y" },
	  { NULL } },
	{ "argv[0] is empty",
	  NOTEPAD,
	  "./n",
	  "",
	  "/mnt/c",
	  { NULL },
	  { NULL },
	  0,
	  SENT_NOTEPAD,
	  "C:\\",
	  { "" },
	  { NULL } },
	{ "not on a drive",
	  "/usr/x.exe",
	  "/usr/x.exe",
	  "x.exe",
	  "/",
	  { NULL },
	  { NULL },
	  -EXDEV,
	  .program = NULL,
	  "",
	  { NULL },
	  { NULL } },
	{ "cwd not on a drive",
	  NOTEPAD,
	  NOTEPAD,
	  "n",
	  "/root",
	  { NULL },
	  { NULL },
	  0,
	  SENT_NOTEPAD,
	  "",
	  { "n" },
	  { NULL } },
	{ "no cwd",
	  NOTEPAD,
	  NOTEPAD,
	  "n",
	  NULL,
	  { NULL },
	  { NULL },
	  0,
	  SENT_NOTEPAD,
	  "",
	  { "n" },
	  { NULL } },
	{ "environment",
	  NOTEPAD,
	  NOTEPAD,
	  "n",
	  "/mnt/c",
	  { NULL },
	  { "WSLENV=A:P/p:B/u:GONE:BAD/z", "A=1=2", "P=/mnt/c/x", "B=no", "C=no" },
	  0,
	  SENT_NOTEPAD,
	  "C:\\",
	  { "n" },
	  { "A=1=2", "P=C:\\x", "GONE=", "WSLENV=A:P/p:B/u:GONE:BAD/z" } },
	{ "environment without a form",
	  NOTEPAD,
	  NOTEPAD,
	  "n",
	  "/mnt/c",
	  { NULL },
	  { "WSLENV=P/p:Q/p:L/l", "P=/srv/x", "Q=/etc", "L=/usr:/mnt/c/x" },
	  0,
	  SENT_NOTEPAD,
	  "C:\\",
	  { "n" },
	  { "L=C:\\x", "WSLENV=P/p:Q/p:L/l" },
	  "P" },
};

static void check_strings(const struct open *l, enum open_tag tag, const char *const *want)
{
	struct wire_str got;
	size_t pos = 0;

	for (; *want; want++) {
		assert_true(open_next(l, tag, &pos, &got));
		assert_string_equal(got.at, *want);
	}
	assert_false(open_next(l, tag, &pos, &got));
}

static void requests(void **state)
{
	static uint8_t payload[65536];

	(void)state;
	for (size_t i = 0; i < array_len(cases); i++) {
		const struct request_case *c = &cases[i];
		struct request rq = {
			.mounts = &table,
			.path = c->path,
			.given = c->given,
			.argv0 = c->argv0,
			.args = (char *const *)(uintptr_t)c->args,
			.env = (char *const *)(uintptr_t)c->env,
			.cwd = c->cwd,
		};
		struct open l;
		struct writer w;

		print_message("%s\n", c->name);
		writer_init(&w, payload, sizeof(payload));
		assert_int_equal(request_encode(&rq, &w), c->want);
		if (c->want < 0)
			continue;
		assert_int_equal(open_decode(&l, payload, w.used), 0);
		assert_string_equal(l.program.at, c->program);
		assert_string_equal(l.cwd.at, c->dir);
		assert_int_equal(rq.cwd_left_out, !c->dir[0]);
		assert_int_equal(rq.env_left_out.name_len, c->left_out ? strlen(c->left_out) : 0);
		if (c->left_out)
			assert_memory_equal(rq.env_left_out.name, c->left_out, strlen(c->left_out));
		check_strings(&l, OPEN_TAG_ARG, c->argv);
		check_strings(&l, OPEN_TAG_ENV, c->vars);
	}
}

static void terminal_and_size(void **state)
{
	char *none[] = { NULL };
	struct request rq = {
		.mounts = &table,
		.path = NOTEPAD,
		.given = "n",
		.argv0 = "n",
		.args = none,
		.env = none,
		.cwd = "/",
		.flags = PROGRAM_TTY,
		.rows = 33,
		.cols = 99,
	};
	uint8_t payload[1024];
	struct open l;
	struct writer w;

	(void)state;
	writer_init(&w, payload, sizeof(payload));
	assert_int_equal(request_encode(&rq, &w), 0);
	assert_int_equal(open_decode(&l, payload, w.used), 0);
	assert_int_equal(l.flags, PROGRAM_TTY);
	assert_int_equal(l.rows, 33);
	assert_int_equal(l.cols, 99);
}

static void too_long(void **state)
{
	char *args[] = { (char[]){ "0123456789" }, (char[]){ "0123456789" }, NULL };
	char *none[] = { NULL };
	struct request rq = {
		.mounts = &table,
		.path = NOTEPAD,
		.given = "n",
		.argv0 = "n",
		.args = args,
		.env = none,
		.cwd = "/",
	};
	uint8_t payload[100];
	struct writer w;

	(void)state;
	writer_init(&w, payload, 80);
	assert_int_equal(request_encode(&rq, &w), -E2BIG);
}

/* What is on no drive the host has under the guest's name. */
static void names_the_guest(void **state)
{
	char payload[4096];
	char file[] = "F=/etc/a", list[] = "WSLENV=F/p";
	char *const none[] = { NULL }, *const env[] = { file, list, NULL };
	struct request rq = {
		.mounts = &table,
		.path = "/home/ann/x.exe",
		.given = "x.exe",
		.argv0 = "x.exe",
		.args = none,
		.env = env,
		.cwd = "/home/ann",
		.name = "boat",
	};
	struct wire_str entry;
	struct writer w;
	struct open l;
	size_t pos = 0;

	(void)state;
	writer_init(&w, payload, sizeof(payload));
	assert_int_equal(request_encode(&rq, &w), 0);
	assert_int_equal(open_decode(&l, payload, w.used), 0);
	assert_string_equal(l.program.at, "\\\\wsl.localhost\\boat\\home\\ann\\x.exe");
	assert_string_equal(l.cwd.at, "\\\\wsl.localhost\\boat\\home\\ann");
	assert_false(rq.cwd_left_out);
	assert_true(open_next(&l, OPEN_TAG_ENV, &pos, &entry));
	assert_string_equal(entry.at, "F=\\\\wsl.localhost\\boat\\etc\\a");
}

/* --- program_find ----------------------------------------------------------------- */

static char dir[] = "/tmp/landbridge-XXXXXX";

/* The least that is a Windows program of that subsystem. */
static void make_exe(const char *name, uint8_t subsystem)
{
	unsigned char head[256] = { 'M', 'Z' };
	char path[PATH_MAX];
	int fd;

	head[0x18] = head[0x3c] = 0x40;
	memcpy(head + 0x40, "PE\0\0\x64\x86", 6);
	head[0x40 + 24 + 68] = subsystem;
	fmt(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(fd_write_all(fd, head, sizeof(head)), 0);
	close(fd);
}

static void make_head(const char *name, const char *text)
{
	char path[PATH_MAX];

	fmt(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(file_create(path, text, 0600), 0);
}

static void make_text(const char *name)
{
	make_head(name, "text\n");
}

static int find_setup(void **state)
{
	char path[PATH_MAX];

	(void)state;
	assert_non_null(mkdtemp(dir));
	fmt(path, sizeof(path), "%s/linux", dir);
	mkdir(path, 0700);
	fmt(path, sizeof(path), "%s/win", dir);
	mkdir(path, 0700);
	fmt(path, sizeof(path), "%s/link", dir);
	assert_int_equal(symlink("win/con.exe", path), 0);
	make_text("linux/find");
	make_text("linux/only");
	make_text("win/go.BAT");
	make_text("win/Build.Cmd");
	make_text("win/setup.ps1");
	make_exe("win/Both.exe", 3);
	make_text("win/both.bat");
	make_text("linux/Only.cmd");
	make_head("win/cosmo", "MZqFpD='\n");
	make_head("win/sh.bat", "#!/bin/sh\n");
	make_head("win/elf.cmd", "\177ELF");
	make_exe("win/con.exe", 3);
	make_exe("win/gui.exe", 2);
	make_exe("win/find", 3);
	make_exe("win/efi.efi", 10);
	return 0;
}

static int find_teardown(void **state)
{
	char command[PATH_MAX];

	(void)state;
	fmt(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

struct find_case {
	const char *name; /* beginning with '/': below the directory */
	const char *file;
	int want;
	bool gui, refused;
	enum program_kind kind;
};

static const struct find_case finds[] = {
	{ "con.exe", "/win/con.exe", 0, false, false, 0 },
	{ "con", "/win/con.exe", 0, false, false, 0 },
	{ "gui", "/win/gui.exe", 0, true, false, 0 },
	{ "find", "/win/find", 0, false, false, 0 },
	{ "go.BAT", "/win/go.BAT", 0, false, false, 0 },
	{ "go", "/win/go.BAT", 0, false, false, 0 },
	{ "GO", "/win/go.BAT", 0, false, false, 0 },
	{ "CON.EXE", "/win/con.exe", 0, false, false, 0 },
	{ "build", "/win/Build.Cmd", 0, false, false, 0 },
	{ "setup", "/win/setup.ps1", 0, false, false, 0 },
	{ "/win/SETUP.PS1", "/win/setup.ps1", 0, false, false, 0 },
	{ "BOTH", "/win/Both.exe", 0, false, false, 0 }, /* .exe comes first */
	{ "/linux/only", "/linux/only", 0, false, true, 0 },
	{ "/linux/Only", "/linux/Only.cmd", 0, false, false, 0 },
	{ "/linux/ONLY", NULL, -ENOENT, false, false, 0 }, /* no drive: case counts */
	{ "/win/cosmo", "/win/cosmo", 0, false, true, PROGRAM_APE },
	{ "/win/sh.bat", "/win/sh.bat", 0, false, false, PROGRAM_SCRIPT },
	{ "/win/elf.cmd", "/win/elf.cmd", 0, false, false, PROGRAM_ELF },
	{ "only", NULL, -ENOENT, false, false, 0 },
	{ "", NULL, -ENOENT, false, false, 0 },
	{ "/win/con", "/win/con.exe", 0, false, false, 0 },
	{ "/link", "/win/con.exe", 0, false, false, 0 },
	{ "/win/efi.efi", "/win/efi.efi", 0, false, true, 0 },
	{ "/win", NULL, -EACCES, false, false, 0 },
	{ "/gone", NULL, -ENOENT, false, false, 0 },
	{ "/linux/only/x", NULL, -ENOTDIR, false, false, 0 },
};

static void find(void **state)
{
	char path[PATH_MAX], name[PATH_MAX], want[PATH_MAX];
	char drive[64];
	const struct mount there[] = {
		{ .id = 1, .parent = 0, .point = "/", .root = "/" },
		{ .id = 2, .parent = 1, .point = drive, .root = "/", .drive = "D:" },
	};
	const struct mounts mounts = { .at = (struct mount *)(uintptr_t)there,
				       .count = 2,
				       .size = 2 };
	struct program program;

	(void)state;
	fmt(drive, sizeof(drive), "%s/win", dir);
	fmt(path, sizeof(path), "/nowhere:%s/linux:%s/win", dir, dir);
	for (size_t i = 0; i < array_len(finds); i++) {
		const struct find_case *f = &finds[i];

		print_message("%s\n", f->name);
		fmt(name, sizeof(name), "%s%s", f->name[0] == '/' ? dir : "", f->name);
		assert_int_equal(program_find(&program, name, path, &mounts), f->want);
		if (f->want < 0)
			continue;
		fmt(want, sizeof(want), "%s%s", dir, f->file);
		assert_string_equal(program.path, want);
		assert_int_equal(program.gui, f->gui);
		assert_int_equal(program.refusal != NULL, f->refused);
		assert_int_equal(program.kind, f->kind);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(terminal_and_size),
		cmocka_unit_test(too_long),
		cmocka_unit_test(names_the_guest),
		cmocka_unit_test_setup_teardown(find, find_setup, find_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
