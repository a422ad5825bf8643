/* test_jobs.c: programs one after the other, and what is there ahead of them. The loader
 * is a script that speaks as the helper does. */
#include "interop/host/posix/jobs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/posix/test/scratch.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

/* $2 is the channel, $3 the flags, which each start writes down. */
static const char script[] =
	"#!/bin/bash\n"
	"PATH=/usr/bin:/bin; cd \"${0%/*}\"; printf '%s ' $3 >>starts\n"
	"[ $3 = 0 ] || [ \"$(head -c 1 <&$2)\" = b ] || exit 1\n"
	"head -c 8 <&$2 >/dev/null\n"
	"printf '\\1\\0\\0\\0\\7\\0\\0\\0\\3\\0\\0\\0\\2\\0\\0\\0\\5\\0\\0\\0\\0\\0\\0\\0' >&$2\n";

enum { ONE = PROGRAM_ONE_OUTPUT, EMPTY = PROGRAM_NO_STDIN };

static const char old[] = "old", new[] = "new";

/* What is asked for, one after the other, by whom, and how helpers are started for it. */
static const struct {
	const char *name;
	uint32_t flags[3];
	const char *share[3];
	const char *starts;
} rows[] = {
	{ "the same", { 0, 0, 0 }, { NULL }, "0 16 16 16 " },
	{ "another shape", { 0, ONE, ONE }, { NULL }, "0 16 0 16 16 " },
	{ "without input", { EMPTY, EMPTY, 0 }, { NULL }, "0 16 16 0 16 " },
	{ "told of other files", { 0, 0, 0 }, { old, old, new }, "0 16 16 0 16 " },
};

static struct wine wine = {
	.helper = "helper", .c_dir = "/tmp", .runs = true, .lock = -1, .keeper_up = -1
};
static char *no_env[] = { NULL };
static struct loop loop;
static struct jobs jobs;

static int setup(void **state)
{
	(void)state;
	wine.env.at = no_env;
	wine.keeper = 1; /* it is up */
	if (scratch_make() < 0 || loop_init(&loop) < 0)
		return -1;
	fmt(wine.loader, sizeof(wine.loader), "%s/wine64", scratch);
	return file_create(at("wine64"), script, 0700);
}

static void step_over(struct timer *timer)
{
	(void)timer;
	loop.stop = true;
}

static void starts_read(char *text, size_t size)
{
	*text = '\0';
	if (access(at("starts"), F_OK) == 0)
		assert_true(file_read(at("starts"), text, size) >= 0);
}

/* Until one more is there and runs, which a start that is not expected would be, too. */
static void wait_for_spare(const char *before)
{
	struct timer step = { .fire = step_over };
	char text[64];

	for (int tries = 1000; tries > 0; tries--) {
		loop.stop = false;
		timer_start(&loop, &step, 10);
		assert_int_equal(loop_run(&loop), 0);
		starts_read(text, sizeof(text));
		if (jobs.spares[0].pid > 0 && strlen(text) > strlen(before))
			return;
	}
	fail_msg("no spare after: %s", before);
}

static void ask(uint32_t flags, const char *name)
{
	const struct open o = { .kind = OPEN_PROGRAM, .flags = flags };
	const struct job_share share = { name, -1 };
	struct outcome out;
	uint8_t payload[256];
	struct writer w;
	char before[64];
	int end;

	writer_init(&w, payload, sizeof(payload));
	open_put_u32(&w, OPEN_TAG_KIND, OPEN_PROGRAM);
	open_put_u32(&w, OPEN_TAG_FLAGS, flags);
	open_put_str(&w, OPEN_TAG_PROGRAM, "C:\\x.exe", 8);
	open_put_str(&w, OPEN_TAG_ARG, "x", 1);
	end = jobs_start(&jobs, &o, &share);
	assert_true(end >= 0);
	assert_int_equal(jobs.count, 1);
	assert_int_equal(caller_run(end, payload, w.used, &out), 0);
	assert_int_equal(out.how, OUTCOME_EXITED);
	assert_int_equal(out.code, 5);
	assert_int_equal(waitpid(jobs.pids[0], NULL, 0), jobs.pids[0]);
	starts_read(before, sizeof(before));
	jobs_reaped(&jobs, jobs.pids[0]);
	assert_int_equal(jobs.count, 0);
	wait_for_spare(before);
}

static void one_is_ahead(void **state)
{
	static const struct drives drives;
	struct rules rules;
	char text[64];

	(void)state;
	rules_init(&rules);
	for (size_t i = 0; i < array_len(rows); i++) {
		jobs_init(&jobs, &loop, &wine,
			  &(struct job_host){
				  .drives = &drives, .rules = &rules, .audit = { -1, -1 } });
		unlink(at("starts"));
		for (size_t k = 0; k < array_len(rows[i].flags); k++)
			ask(rows[i].flags[k], rows[i].share[k]);
		starts_read(text, sizeof(text));
		if (strcmp(text, rows[i].starts) != 0)
			fail_msg("%s: started %s", rows[i].name, text);
		jobs_close(&jobs);
		while (wait(NULL) > 0)
			;
		assert_int_equal(errno, ECHILD); /* nothing stays */
	}
}

/* Whoever is there before Wine is up starts Wine's own programs. */
static void none_is_ahead_of_wine(void **state)
{
	static const struct drives drives;
	struct rules rules;
	char text[64];
	int up[2];
	pid_t keeper;

	(void)state;
	rules_init(&rules);
	unlink(at("starts"));
	assert_int_equal(pipe(up), 0);
	keeper = fork();
	if (keeper == 0) {
		poll(NULL, 0, 200); /* so that one that does not wait is found out */
		_exit(file_create(at("starts"), "up ", 0600) < 0 || write(up[1], "c", 1) != 1);
	}
	close(up[1]);
	wine.keeper_up = up[0];
	jobs_init(&jobs, &loop, &wine,
		  &(struct job_host){ .drives = &drives, .rules = &rules, .audit = { -1, -1 } });
	ask(0, NULL);
	starts_read(text, sizeof(text));
	assert_string_equal(text, "up 0 16 ");
	jobs_close(&jobs);
	while (wait(NULL) > 0)
		;
	fd_close(&wine.keeper_up);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_is_ahead),
					    cmocka_unit_test(none_is_ahead_of_wine) };

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("jobs", tests, setup, scratch_remove);
}
