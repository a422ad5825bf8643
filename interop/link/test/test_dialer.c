/* test_dialer.c: the ways to dial, and a connection whose dial fails, hangs or waits. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "interop/link/dialer.h"
#include "lib/lib.h"

struct fixture {
	struct loop loop;
	struct timer limit;
	char dir[32], path[64];
	int listener, waiting[8];
	struct transport *transport;
	unsigned done, starts, stops, failures;
	int error;
	struct dialer *dialer;
	struct dialer fake;
	struct router *router;
};

static void limit_over(struct timer *timer)
{
	container_of(timer, struct fixture, limit)->loop.stop = true;
}

static void run(struct fixture *t, int64_t ms)
{
	t->loop.stop = false;
	timer_start(&t->loop, &t->limit, ms);
	assert_int_equal(loop_run(&t->loop), 0);
	timer_stop(&t->loop, &t->limit);
}

static void dial_done(struct dialer *d, struct transport *transport, int error)
{
	struct fixture *t = d->owner;

	transport_close(t->transport);
	t->transport = transport;
	t->error = error;
	t->done++;
	t->loop.stop = true;
}

static int setup(void **state)
{
	struct fixture *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	assert_int_equal(loop_init(&t->loop), 0);
	t->limit.fire = limit_over;
	fmt(t->dir, sizeof(t->dir), "/tmp/dialer-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	fmt(t->path, sizeof(t->path), "%s/link", t->dir);
	t->listener = -1;
	for (size_t i = 0; i < array_len(t->waiting); i++)
		t->waiting[i] = -1;
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *t = *state;

	transport_close(t->transport);
	dialer_destroy(t->dialer);
	router_destroy(t->router);
	fd_close(&t->listener);
	for (size_t i = 0; i < array_len(t->waiting); i++)
		fd_close(&t->waiting[i]);
	unlink(t->path);
	rmdir(t->dir);
	timer_stop(&t->loop, &t->limit);
	assert_null(t->loop.timers);
	loop_fini(&t->loop);
	free(t);
	return 0;
}

static void make(struct fixture *t, enum router_side side)
{
	struct address a = { .kind = ADDRESS_UNIX };

	fmt(a.name, sizeof(a.name), "%s", t->path);
	assert_int_equal(side == ROUTER_GUEST ? dialer_of_guest(&t->dialer, &t->loop, &a, NULL)
					      : dialer_of_host(&t->dialer, &t->loop, &a, NULL),
			 0);
	t->dialer->owner = t;
	t->dialer->done = dial_done;
}

/* Callers that died leave their places in the backlog taken, which is one long
 * where QEMU listens: connect(2) must not wait for the next one. */
static void full_backlog_is_an_error_at_once(void **state)
{
	struct fixture *t = *state;

	make(t, ROUTER_HOST);
	t->dialer->ops->start(t->dialer);
	assert_int_equal(t->error, -ENOENT);

	t->listener = unix_listen(t->path, 0600, 1);
	assert_true(t->listener >= 0);
	alarm(10);
	for (size_t i = 0; i < array_len(t->waiting) && t->error != -EAGAIN; i++) {
		t->dialer->ops->start(t->dialer);
		if (t->transport)
			t->waiting[i] = dup(t->transport->fd);
	}
	assert_int_equal(t->error, -EAGAIN);
	fd_close(&t->waiting[0]);
	close(accept(t->listener, NULL, NULL));
	t->dialer->ops->start(t->dialer);
	assert_int_equal(t->error, 0);
	alarm(0);
}

static void listener_waits_for_its_caller(void **state)
{
	struct fixture *t = *state;

	make(t, ROUTER_GUEST);
	assert_true(t->dialer->patient);
	t->dialer->ops->start(t->dialer);
	run(t, 20);
	assert_int_equal(t->done, 0);
	t->waiting[0] = unix_connect(t->path);
	run(t, 5000);
	assert_int_equal(t->done, 1);
	assert_non_null(t->transport);

	t->dialer->ops->start(t->dialer);
	t->dialer->ops->stop(t->dialer);
	t->waiting[1] = unix_connect(t->path);
	run(t, 20);
	assert_int_equal(t->done, 1);
	t->dialer->ops->start(t->dialer); /* it is there already */
	assert_int_equal(t->done, 2);
}

static void fake_start(struct dialer *d)
{
	container_of(d, struct fixture, fake)->starts++;
}

static void fake_stop(struct dialer *d)
{
	struct fixture *t = container_of(d, struct fixture, fake);

	t->stops++;
	t->loop.stop = true;
}

static void fake_destroy(struct dialer *d)
{
	(void)d;
}

static void note_dialled(void *owner, int error)
{
	struct fixture *t = owner;

	t->failures++;
	t->error = error;
}

static void fake_router(struct fixture *t, bool patient)
{
	static const struct router_ops ops = { .dialled = note_dialled };
	static const struct dialer_ops fake = { fake_start, fake_stop, fake_destroy };

	t->router = router_create(&t->loop, ROUTER_HOST, &ops, t, NULL);
	assert_non_null(t->router);
	t->fake = (struct dialer){ .ops = &fake, .patient = patient };
	router_dial(t->router, &t->fake);
}

static void hanging_dial_is_given_up(void **state)
{
	struct fixture *t = *state;
	int64_t began = loop_now();

	fake_router(t, false);
	run(t, 20000);
	assert_int_equal(t->stops, 1);
	assert_in_range(loop_now() - began, 4900, 9000);
	run(t, 1000);
	assert_int_equal(t->starts, 2);
	assert_int_equal(t->failures, 1);
	assert_int_equal(t->error, -ETIMEDOUT);
}

static void patient_dial_needs_no_timer(void **state)
{
	struct fixture *t = *state;

	fake_router(t, true);
	run(t, 100);
	assert_int_equal(t->starts, 1);
	assert_null(t->loop.timers);
}

#define with_fixture(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_fixture(full_backlog_is_an_error_at_once),
		with_fixture(listener_waits_for_its_caller),
		with_fixture(hanging_dial_is_given_up),
		with_fixture(patient_dial_needs_no_timer),
	};

	return cmocka_run_group_tests_name("dialer", tests, NULL, NULL);
}
