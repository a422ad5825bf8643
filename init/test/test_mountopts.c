/* test_mountopts.c: the options and sources of drives; generated texts. */
#include "init/mountopts.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "init/etc.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static void test_options(void **state)
{
	static const struct {
		const char *words;
		unsigned long flags;
		const char *data, *server;
	} rows[] = {
		{ "", 0, "", "" },
		{ "defaults,,rw,_netdev,nofail", 0, "", "" },
		{ "ro", MS_RDONLY, "", "" },
		{ "ro,rw", 0, "", "" },
		{ "noatime,nosuid,nodev,noexec", MS_NOATIME | MS_NOSUID | MS_NODEV | MS_NOEXEC, "",
		  "" },
		{ "noexec,exec,noatime,atime", 0, "", "" },
		{ "user", MS_NOSUID | MS_NODEV | MS_NOEXEC, "", "" },
		{ "users,exec,user=me", MS_NOSUID | MS_NODEV | MS_NOEXEC, "", "" },
		{ "owner", MS_NOSUID | MS_NODEV, "", "" },
		{ "sync,dirsync", MS_SYNCHRONOUS | MS_DIRSYNC, "", "" },
		{ "metadata,uid=1000,gid=100,umask=22,fmask=11", 0, "",
		  "metadata,uid=1000,gid=100,umask=22,fmask=11" },
		{ "uid=0,uid=1000", 0, "", "uid=0,uid=1000" },
		{ "case=off,symlinkroot=/x/", 0, "", "case=off,symlinkroot=/x/" },
		{ "case=force", 0, "", "case=dir" },
		{ "fallback=1,aname=evil", 0, "", "" },
		{ "msize=65536,cache=loose,uid=1", 0, "msize=65536,cache=loose", "uid=1" },
		{ "uidx=1,roo", 0, "uidx=1,roo", "" },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct mountopts o = { 0 };

		assert_int_equal(mountopts_add(&o, rows[i].words), 0);
		assert_int_equal(o.flags, rows[i].flags);
		assert_string_equal(o.data, rows[i].data);
		assert_string_equal(o.server, rows[i].server);
	}
}

static void test_options_long(void **state)
{
	struct mountopts o = { 0 };
	char words[600];

	(void)state;
	memset(words, 'x', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	assert_int_equal(mountopts_add(&o, words), -ENAMETOOLONG);
	words[511] = '\0';
	assert_int_equal(mountopts_add(&o, words), 0);
	assert_int_equal(mountopts_add(&o, "y"), -ENAMETOOLONG);
	assert_int_equal(mountopts_add(&o, "case=force,nofail"), 0);
	assert_true(o.downgraded);
	assert_true(o.nofail);
}

static void test_source(void **state)
{
	static const struct {
		const char *source;
		int want;
		char letter;
		const char *rest;
	} rows[] = {
		{ "C:", 0, 'C', "" },
		{ "c:/", 0, 'C', "" },
		{ "C:\\", 0, 'C', "" },
		{ "z:\\\\a\\b c", 0, 'Z', "a\\b c" },
		{ "C:/a/../b", 0, 'C', "a/../b" },
		{ "C:dir", -EINVAL, 0, NULL },
		{ "CC:", -EINVAL, 0, NULL },
		{ "1:", -EINVAL, 0, NULL },
		{ "", -EINVAL, 0, NULL },
		{ "/dev/vda", -EINVAL, 0, NULL },
		{ "\\\\server\\share", -EOPNOTSUPP, 0, NULL },
		{ "//server/share", -EOPNOTSUPP, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		const char *rest = NULL;
		char letter = 0;

		assert_int_equal(drive_source(rows[i].source, &letter, &rest), rows[i].want);
		if (rows[i].want < 0)
			continue;
		assert_int_equal(letter, rows[i].letter);
		assert_string_equal(rest, rows[i].rest);
	}
}

static void test_subpath(void **state)
{
	char out[24];

	(void)state;
	assert_int_equal(drive_subpath(out, sizeof(out), "/mnt/c", ""), 0);
	assert_string_equal(out, "/mnt/c");
	assert_int_equal(drive_subpath(out, sizeof(out), "/mnt/c", "a\\b/c"), 0);
	assert_string_equal(out, "/mnt/c/a/b/c");
	assert_int_equal(drive_subpath(out, sizeof(out), "/mnt/c", "a..\\..b"), 0);
	assert_int_equal(drive_subpath(out, sizeof(out), "/mnt/c", "a\\..\\.."), -EINVAL);
	assert_int_equal(drive_subpath(out, sizeof(out), "/mnt/c", ".."), -EINVAL);
	assert_int_equal(drive_subpath(out, sizeof(out), "/mnt/c", "sixteen-letters-x"),
			 -ENAMETOOLONG);
}

static void test_hostname(void **state)
{
	static const char *const rows[][2] = {
		{ "debian", "debian" },      { "My_Box 2", "MyBox2" }, { "-.a..b.-c-.", "a.b.c" },
		{ "a-b.c-d", "a-b.c-d" },    { "", "localhost" },      { "...", "localhost" },
		{ "\xc3\xa4", "localhost" }, { "a-.b", "a-b" },
	};
	char out[HOSTNAME_SIZE], text[512];

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		hostname_clean(out, rows[i][0]);
		assert_string_equal(out, rows[i][1]);
	}
	memset(text, 'x', 100);
	text[100] = '\0';
	hostname_clean(out, text);
	assert_int_equal(strlen(out), 64);
	assert_true(hosts_text(text, sizeof(text), "deb", NULL) < sizeof(text));
	assert_non_null(strstr(text, "\n127.0.1.1\tdeb.localdomain\tdeb\n"));
	assert_null(strstr(text, "host.landbridge"));
	assert_true(hosts_text(text, sizeof(text), "deb", "10.0.2.2") < sizeof(text));
	assert_non_null(strstr(text, "\n10.0.2.2\thost.landbridge\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),  cmocka_unit_test(test_options_long),
		cmocka_unit_test(test_source),   cmocka_unit_test(test_subpath),
		cmocka_unit_test(test_hostname),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
