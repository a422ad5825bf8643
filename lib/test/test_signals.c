/* test_signals.c: signals come as events, and are given back as they were. */
#include "lib/signals.h"

#include <string.h>
#include <unistd.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

struct fixture {
	struct signals signals;
	struct loop loop;
	char seen[8]; /* a letter each */
	size_t count;
	size_t until; /* then the loop stops */
	bool give_back;
};

static void caught(struct signals *s, const struct signalfd_siginfo *info)
{
	struct fixture *f = container_of(s, struct fixture, signals);

	f->seen[f->count++] = info->ssi_signo == SIGTERM   ? 'T'
			      : info->ssi_signo == SIGHUP  ? 'H'
			      : info->ssi_signo == SIGCHLD ? 'C'
							   : '?';
	if (f->give_back)
		signals_give_back(s);
	f->loop.stop = f->count == f->until;
}

static void start(struct fixture *f, size_t until)
{
	*f = (struct fixture){ .until = until };
	assert_int_equal(loop_init(&f->loop), 0);
	signals_init(&f->signals, caught);
}

static void *handler_of(int signal)
{
	struct sigaction now;

	sigaction(signal, NULL, &now);
	return (void *)(uintptr_t)now.sa_handler;
}

static bool is_blocked(int signal)
{
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	return sigismember(&mask, signal);
}

static void come_as_events(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, 2);
	signals_want(&f.signals, SIGTERM);
	signals_want(&f.signals, SIGHUP);
	assert_int_equal(signals_take(&f.signals, &f.loop), 0);
	assert_true(is_blocked(SIGTERM) && is_blocked(SIGHUP) && !is_blocked(SIGINT));
	assert_ptr_equal(handler_of(SIGPIPE), SIG_IGN);
	kill(getpid(), SIGTERM);
	kill(getpid(), SIGHUP);
	assert_int_equal(loop_run(&f.loop), 0);
	assert_true(strchr(f.seen, 'T') && strchr(f.seen, 'H'));
	signals_give_back(&f.signals);
	signals_give_back(&f.signals);
	assert_false(is_blocked(SIGTERM) || is_blocked(SIGHUP));
	assert_ptr_equal(handler_of(SIGPIPE), SIG_DFL);
	loop_fini(&f.loop);
}

/* Ignored, SIGCHLD is taken all the same; the polite do not take HUP. */
static void ignored_before(void **state)
{
	struct fixture f;

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	start(&f, 1);
	signals_want(&f.signals, SIGCHLD);
	signals_want_polite(&f.signals, SIGHUP);
	signals_want_polite(&f.signals, SIGTERM);
	assert_int_equal(signals_take(&f.signals, &f.loop), 0);
	kill(getpid(), SIGHUP);
	if (fork() == 0)
		_exit(0);
	assert_int_equal(loop_run(&f.loop), 0);
	assert_string_equal(f.seen, "C");
	assert_true(is_blocked(SIGTERM));
	signals_give_back(&f.signals);
	assert_ptr_equal(handler_of(SIGCHLD), SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	loop_fini(&f.loop);
}

/* What is still pending then takes its course, here by being ignored. */
static void given_back_inside(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, 1);
	signals_want(&f.signals, SIGCHLD);
	f.give_back = true;
	assert_int_equal(signals_take(&f.signals, &f.loop), 0);
	kill(getpid(), SIGCHLD);
	assert_int_equal(loop_run(&f.loop), 0);
	assert_int_equal(f.signals.watch.fd, -1);
	assert_false(is_blocked(SIGCHLD));
	loop_fini(&f.loop);
}

/* Without a loop to be in nothing is taken, and there is nothing to give back. */
static void cannot_be_taken(void **state)
{
	struct loop none = { .epoll = -1 };
	struct fixture f;

	(void)state;
	start(&f, 1);
	signals_want(&f.signals, SIGTERM);
	assert_true(signals_take(&f.signals, &none) < 0);
	signals_give_back(&f.signals);
	assert_false(is_blocked(SIGTERM));
	loop_fini(&f.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(come_as_events),
		cmocka_unit_test(ignored_before),
		cmocka_unit_test(given_back_inside),
		cmocka_unit_test(cannot_be_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
