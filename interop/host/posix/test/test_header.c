/* test_header.c: what is started as a Windows program, and what is not. */
#include "interop/host/posix/header.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interop/host/posix/test/scratch.h"
#include "lib/bytes.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

enum { NEW_HEADER = 0x80, MACHINE = NEW_HEADER + 4, SUBSYSTEM = NEW_HEADER + 24 + 68 };

static struct drives drives;

/* A program of that beginning: the header of Windows, or `sign` in its place. */
static void put_program(const char *name, const char *begin, const char *sign)
{
	char file[512] = "";
	char path[PATH_MAX];
	int fd;

	memcpy(file, begin, strlen(begin));
	file[0x3c] = (char)NEW_HEADER;
	memcpy(file + NEW_HEADER, sign, strlen(sign));
	memcpy(file + MACHINE, "\x64\x86", 2);
	file[SUBSYSTEM] = 3;
	fmt(path, sizeof(path), "%s", at(name));
	assert_int_equal(file_create(path, "", 0600), 0);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(fd_write_all(fd, file, sizeof(file)), 0);
	close(fd);
}

static int setup(void **state)
{
	(void)state;
	if (scratch_make() < 0)
		return -1;
	mkdir(at("d"), 0700);
	mkdir(at("e"), 0700);
	put_program("d/Good.exe", "MZ", "PE");
	put_program("e/other.exe", "MZ", "PE");
	put_program("d/old.exe", "MZ", "NE");
	put_program("d/both.com", "MZqFpD", "PE");
	file_create(at("d/sh.exe"), "#!/bin/sh\n", 0700);
	file_create(at("d/elf.exe"), "\177ELF", 0700);
	file_create(at("d/cut.exe"), "MZ", 0700);
	file_create(at("d/none.exe"), "", 0700);
	mkdir(at("d/dir.exe"), 0700);
	mkfifo(at("d/pipe.exe"), 0600);
	if (symlink("../e/other.exe", at("d/link.exe")) < 0 ||
	    symlink("sh.exe", at("d/linked.exe")) < 0)
		return -1;
	drives_add(&drives, 'D', at("d"));
	return 0;
}

static const struct {
	const char *path, *said; /* NULL: nothing */
} rows[] = {
	{ "D:\\Good.exe", NULL },
	{ "d:/GOOD.EXE", NULL },
	{ "D:\\link.exe", NULL },
	{ "D:\\both.com", NULL },
	{ "D:\\old.exe", "16-bit" },
	{ "D:\\sh.exe", "not a Windows program" },
	{ "D:\\SH.EXE", "not a Windows program" },
	{ "D:\\linked.exe", "not a Windows program" },
	{ "D:\\elf.exe", "not a Windows program" },
	{ "D:\\none.exe", "not a Windows program" },
	{ "D:\\cut.exe", "cut short" },
	{ "D:\\dir.exe", "not a Windows program" },
	{ "D:\\pipe.exe", "not a Windows program" },
	/* For who opens it in Wine to say. */
	{ "D:\\missing.exe", NULL },
	{ "X:\\other.exe", NULL },
	{ "\\\\wsl.localhost\\boat\\x.exe", NULL },
};

static void headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		const char *said = header_refuse(&drives, rows[i].path);

		if (!said != !rows[i].said || (said && !strstr(said, rows[i].said)))
			fail_msg("%s: %s", rows[i].path, said ? said : "nothing");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(headers) };

	return cmocka_run_group_tests_name("header", tests, setup, scratch_remove);
}
