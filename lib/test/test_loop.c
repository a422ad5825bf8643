/* test_loop.c: watches and timers, and their removal in the middle. */
#include "lib/loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

struct fixture {
	struct loop loop;
	struct watch a, b;
	struct timer early, late, never;
	int fired[3];
	int ready;
};

static void early_fire(struct timer *timer)
{
	struct fixture *f = container_of(timer, struct fixture, early);

	assert_int_equal(f->fired[1], 0);
	f->fired[0]++;
	timer_stop(&f->loop, &f->never);
}

static void late_fire(struct timer *timer)
{
	struct fixture *f = container_of(timer, struct fixture, late);

	f->fired[1]++;
	f->loop.stop = true;
}

static void never_fire(struct timer *timer)
{
	container_of(timer, struct fixture, never)->fired[2]++;
}

static void test_timers_in_order(void **state)
{
	struct fixture f = { .early = { .fire = early_fire },
			     .late = { .fire = late_fire },
			     .never = { .fire = never_fire } };

	(void)state;
	assert_int_equal(loop_init(&f.loop), 0);
	timer_start(&f.loop, &f.never, 15);
	timer_start(&f.loop, &f.late, 20);
	timer_start(&f.loop, &f.early, 60000);
	timer_start(&f.loop, &f.early, 5); /* moves */
	assert_int_equal(loop_run(&f.loop), 0);
	assert_int_equal(f.fired[0], 1);
	assert_int_equal(f.fired[1], 1);
	assert_int_equal(f.fired[2], 0);
	loop_fini(&f.loop);
}

/* Whichever of the two comes first removes both: the other must not be run. */
static void a_ready(struct watch *watch, uint32_t events)
{
	struct fixture *f = container_of(watch, struct fixture, a);

	assert_true(events & EPOLLIN);
	f->ready++;
	watch_remove(&f->a);
	watch_remove(&f->b);
	f->loop.stop = true;
}

static void b_ready(struct watch *watch, uint32_t events)
{
	a_ready(&container_of(watch, struct fixture, b)->a, events);
}

static void test_removal_inside_batch(void **state)
{
	struct fixture f = { .a = { .ready = a_ready }, .b = { .ready = b_ready } };
	int p[2], q[2];

	(void)state;
	assert_int_equal(pipe(p) + pipe(q), 0);
	assert_int_equal(loop_init(&f.loop), 0);
	assert_int_equal(watch_add(&f.loop, &f.a, p[0], EPOLLIN), 0);
	assert_int_equal(watch_add(&f.loop, &f.b, q[0], EPOLLIN), 0);
	assert_int_equal(write(p[1], "x", 1) + write(q[1], "x", 1), 2);
	assert_int_equal(loop_run(&f.loop), 0);
	assert_int_equal(f.ready, 1);
	assert_int_equal(f.a.fd, -1);
	loop_fini(&f.loop);
	close(p[0]), close(p[1]), close(q[0]), close(q[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timers_in_order),
		cmocka_unit_test(test_removal_inside_batch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
