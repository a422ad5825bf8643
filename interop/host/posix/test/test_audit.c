/* test_audit.c: lines of the audit log, and its turning over. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/posix/audit.h"
#include "lib/fd.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static char dir[] = "/tmp/landbridge-XXXXXX";

static off_t size_of(const char *name, mode_t *mode)
{
	char path[128];
	struct stat st;

	fmt(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(stat(path, &st), 0);
	*mode = st.st_mode & 0777;
	return st.st_size;
}

static void test_line(void **state)
{
	struct audit audit;
	char path[128], text[512];
	mode_t mode;

	(void)state;
	assert_int_equal(audit_open(&audit, dir), 0);
	audit_say(&audit, "uid=%d run %s", 7, "C:\\x.exe: a\nuid=0 run evil\x1b[2J");
	fmt(path, sizeof(path), "%s/audit.log", dir);
	assert_true(file_read(path, text, sizeof(text)) > 0);
	assert_int_equal(strlen(text), strcspn(text, "\n") + 1);
	assert_true(text[4] == '-' && text[10] == 'T' && text[19] == 'Z');
	assert_string_equal(text + 21, "uid=7 run C:\\x.exe: a uid=0 run evil[2J\n");
	size_of("audit.log", &mode);
	assert_int_equal(mode, 0600);
	audit_say(&(struct audit){ -1, -1 }, "nobody hears");
	fd_close(&audit.log);
	fd_close(&audit.old);
}

/* Processes that share the descriptors write at once; no line is lost or torn. */
static void test_rotation(void **state)
{
	enum { WRITERS = 4, LINES = 1000 };
	static char words[901];
	struct audit audit;
	off_t both;
	mode_t mode;

	(void)state;
	memset(words, 'x', sizeof(words) - 1);
	assert_int_equal(audit_open(&audit, dir), 0);
	for (int i = 0; i < WRITERS; i++)
		if (fork() == 0) {
			for (int n = 0; n < LINES; n++)
				audit_say(&audit, "%s", words);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	both = size_of("audit.log", &mode);
	assert_true(both > 0 && both <= AUDIT_MAX);
	both = size_of("audit.log.1", &mode);
	assert_true(both > AUDIT_MAX - 1000 && both <= AUDIT_MAX);
	fd_close(&audit.log);
	fd_close(&audit.old);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	fmt(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_line),
					    cmocka_unit_test(test_rotation) };

	return cmocka_run_group_tests_name("audit", tests, setup, teardown);
}
