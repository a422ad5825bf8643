/* test_locks.c: locks and flushes by the rules: who owns what, for how long. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/lib.h"
#include "p9d/test/direct.h"
#include "p9d/test/fixture.h"

enum { R = 1, W, RW };

struct range {
	uint8_t type;
	uint64_t start, length;
};

static struct p9_msg lock_msg(uint32_t fid, struct range range, uint32_t proc, const char *host)
{
	return (struct p9_msg){
		.type = P9_TLOCK,
		.fid = fid,
		.lock_type = range.type,
		.offset = range.start,
		.length = range.length,
		.proc_id = proc,
		.name = str_of(host),
	};
}

/* The status, or -errno. */
static int lock(struct client *c, uint32_t fid, struct range range, uint32_t proc)
{
	struct p9_msg t = lock_msg(fid, range, proc, "host"), r;
	int err = client_call(c, &t, &r);

	return err ? -err : r.status;
}

static int flock_as(struct client *c, uint32_t fid, struct range range, uint32_t proc)
{
	struct p9_msg t = lock_msg(fid, range, proc, "host"), r;
	int err;

	t.flags = P9_LOCK_FLAG_FLOCK;
	err = client_call(c, &t, &r);
	return err ? -err : r.status;
}

static void open_all(struct client *c)
{
	static const uint32_t flags[] = { [R] = P9_O_RDONLY, [W] = P9_O_WRONLY, [RW] = P9_O_RDWR };

	for (uint32_t fid = R; fid <= RW; fid++) {
		want(c_walk(c, ROOT, fid, "f"), 0);
		want(c_open(c, fid, flags[fid]), 0);
	}
}

static void test_ranges(void **state)
{
	static const struct {
		uint32_t fid, proc;
		struct range range;
		int status;
	} cases[] = {
		{ RW, 1, { P9_LOCK_READ, 0, 10 }, P9_LOCK_OK },
		{ RW, 2, { P9_LOCK_READ, 5, 10 }, P9_LOCK_OK }, /* readers share */
		{ RW, 3, { P9_LOCK_WRITE, 9, 1 }, P9_LOCK_BLOCKED },
		{ RW, 3, { P9_LOCK_WRITE, 15, 1 }, P9_LOCK_OK },
		{ RW, 1, { P9_LOCK_WRITE, 0, 5 }, P9_LOCK_OK }, /* its own, stronger now */
		{ RW, 2, { P9_LOCK_READ, 4, 1 }, P9_LOCK_BLOCKED },
		{ RW, 1, { P9_LOCK_NONE, 2, 1 }, P9_LOCK_OK }, /* a hole */
		{ RW, 2, { P9_LOCK_WRITE, 2, 1 }, P9_LOCK_OK },
		{ RW, 2, { P9_LOCK_WRITE, 1, 2 }, P9_LOCK_BLOCKED },
		{ RW, 9, { P9_LOCK_NONE, 0, 0 }, P9_LOCK_OK },    /* had none */
		{ RW, 4, { P9_LOCK_WRITE, 100, 0 }, P9_LOCK_OK }, /* to the end */
		{ RW, 5, { P9_LOCK_READ, INT64_MAX, 1 }, P9_LOCK_BLOCKED },
		{ RW, 5, { P9_LOCK_READ, INT64_MAX, 2 }, P9_LOCK_ERROR }, /* over the end */
		{ RW, 5, { P9_LOCK_READ, 1ull << 63, 0 }, P9_LOCK_ERROR },
		{ RW, 5, { P9_LOCK_READ, 0, UINT64_MAX }, P9_LOCK_ERROR },
		{ R, 6, { P9_LOCK_READ, 50, 1 }, P9_LOCK_OK },
		{ R, 6, { P9_LOCK_WRITE, 50, 1 }, P9_LOCK_OK }, /* flock(2) may ask for that */
		{ W, 7, { P9_LOCK_WRITE, 60, 1 }, P9_LOCK_OK },
		{ W, 7, { P9_LOCK_READ, 60, 1 }, P9_LOCK_OK }, /* and for that */
	};
	struct fixture *f = *state;

	open_all(&f->c);
	for (size_t i = 0; i < array_len(cases); i++) {
		int got = lock(&f->c, cases[i].fid, cases[i].range, cases[i].proc);

		if (got != cases[i].status)
			fail_msg("case %zu: %d, want %d", i, got, cases[i].status);
	}
}

/* Whether a program here could lock these bytes. */
static bool is_free(int fd, short type, off_t start, off_t len)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };

	want(fcntl(fd, F_OFD_GETLK, &fl), 0);
	return fl.l_type == F_UNLCK;
}

/* A process reads through one descriptor and writes through another: its locks
 * are its own all the same, and each is as strong and as long as it was. */
static void test_stronger_through_another_fid(void **state)
{
	struct fixture *f = *state;
	const struct range low = { P9_LOCK_WRITE, 0, 10 }, high = { P9_LOCK_WRITE, 20, 5 };
	int fd = open("f", O_RDWR | O_CLOEXEC);

	open_all(&f->c);
	want(lock(&f->c, R, (struct range){ P9_LOCK_READ, 0, 10 }, 1), P9_LOCK_OK);
	want(lock(&f->c, R, (struct range){ P9_LOCK_READ, 20, 5 }, 1), P9_LOCK_OK);
	want(lock(&f->c, R, (struct range){ P9_LOCK_READ, 100, 0 }, 1), P9_LOCK_OK);
	want(lock(&f->c, RW, (struct range){ P9_LOCK_READ, 0, 10 }, 2), P9_LOCK_OK);
	want(lock(&f->c, RW, high, 1), P9_LOCK_OK);
	want(is_free(fd, F_RDLCK, 20, 5), false);
	want(is_free(fd, F_WRLCK, 10, 10), true);
	want(is_free(fd, F_WRLCK, 25, 75), true);
	want(is_free(fd, F_RDLCK, 0, 10), true);
	want(is_free(fd, F_RDLCK, 100, 0), true);
	want(is_free(fd, F_WRLCK, 1 << 20, 1), false);
	want(lock(&f->c, RW, low, 1), P9_LOCK_BLOCKED); /* by the other's */
	want(lock(&f->c, RW, (struct range){ P9_LOCK_NONE, 0, 0 }, 2), P9_LOCK_OK);
	want(is_free(fd, F_WRLCK, 0, 10), false); /* it kept what it had */
	want(lock(&f->c, W, low, 1), P9_LOCK_OK);
	want(is_free(fd, F_RDLCK, 0, 10), false);
	want(lock(&f->c, R, (struct range){ P9_LOCK_NONE, 0, 0 }, 1), P9_LOCK_OK);
	want(is_free(fd, F_WRLCK, 0, 0), true);
	close(fd);
}

/* While one of its threads waits, the process may take its first write lock. */
static void test_stronger_while_it_waits(void **state)
{
	struct fixture *f = *state;
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };
	struct p9_msg r, t = lock_msg(R, (struct range){ P9_LOCK_READ, 0, 10 }, 1, "host");
	int fd = open("f", O_RDWR | O_CLOEXEC);

	open_all(&f->c);
	want(fcntl(fd, F_OFD_SETLK, &fl), 0);
	t.tag = 1000;
	t.flags = P9_LOCK_FLAG_BLOCK;
	client_send(&f->c, &t);
	want(lock(&f->c, RW, (struct range){ P9_LOCK_WRITE, 20, 5 }, 1), P9_LOCK_OK);
	close(fd);
	assert_true(client_receive(&f->c, &r));
	want(r.tag, 1000);
	want(r.status, P9_LOCK_OK);
	want(lock(&f->c, RW, (struct range){ P9_LOCK_WRITE, 0, 5 }, 1), P9_LOCK_OK);
}

/* More locks than fit in a page of what the kernel says of them. */
static void test_stronger_with_many(void **state)
{
	enum { MANY = 300 };
	struct fixture *f = *state;
	int fd = open("f", O_RDWR | O_CLOEXEC);

	open_all(&f->c);
	for (uint64_t i = 0; i < MANY; i++)
		want(lock(&f->c, R, (struct range){ P9_LOCK_READ, 2 * i, 1 }, 1), P9_LOCK_OK);
	want(lock(&f->c, RW, (struct range){ P9_LOCK_WRITE, 1, 1 }, 1), P9_LOCK_OK);
	want(is_free(fd, F_RDLCK, 1, 1), false);
	for (off_t i = 2; i < MANY; i++) {
		want(is_free(fd, F_WRLCK, 2 * i, 1), false);
		want(is_free(fd, F_WRLCK, 2 * i + 1, 1), true);
	}
	close(fd);
}

/* The same process number on another machine is another process. */
static void test_owner_is_host_and_process(void **state)
{
	struct fixture *f = *state;
	struct range all = { P9_LOCK_WRITE, 0, 0 };
	char longest[130];
	struct p9_msg t = lock_msg(RW, all, 1, "host"), r;

	open_all(&f->c);
	want(client_call(&f->c, &t, &r), 0);
	want(r.status, P9_LOCK_OK);
	t = lock_msg(RW, all, 1, "hos");
	want(client_call(&f->c, &t, &r), 0);
	want(r.status, P9_LOCK_BLOCKED);
	t = lock_msg(RW, all, 1, "");
	want(client_call(&f->c, &t, &r), 0);
	want(r.status, P9_LOCK_BLOCKED);
	memset(longest, 'h', sizeof(longest));
	longest[129] = '\0';
	t = lock_msg(RW, all, 1, longest);
	want(client_call(&f->c, &t, &r), EINVAL);
	longest[128] = '\0';
	t = lock_msg(RW, all, 1, longest);
	want(client_call(&f->c, &t, &r), 0);
	want(r.status, P9_LOCK_BLOCKED);
}

/* Locks of ours are seen by local programs, and theirs by ours. */
static void test_local_programs(void **state)
{
	struct fixture *f = *state;
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5 };
	struct p9_msg r, t = { .type = P9_TGETLOCK,
			       .fid = RW,
			       .lock_type = P9_LOCK_READ,
			       .proc_id = 3,
			       .name = str_of("host") };
	int fd = open("f", O_RDWR | O_CLOEXEC);

	open_all(&f->c);
	want(fcntl(fd, F_OFD_SETLK, &fl), 0);
	want(lock(&f->c, RW, (struct range){ P9_LOCK_READ, 12, 1 }, 3), P9_LOCK_BLOCKED);
	want(client_call(&f->c, &t, &r), 0);
	want(r.lock_type, P9_LOCK_WRITE);
	want(r.offset, 10);
	want(r.length, 5);
	want(lock(&f->c, RW, (struct range){ P9_LOCK_WRITE, 20, 1 }, 3), P9_LOCK_OK);
	fl = (struct flock){ .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 20, .l_len = 1 };
	want(fcntl(fd, F_OFD_SETLK, &fl), -1);
	want(c_clunk(&f->c, RW), 0); /* others of the file are open still */
	want(fcntl(fd, F_OFD_SETLK, &fl), -1);
	want(c_clunk(&f->c, R), 0);
	want(c_clunk(&f->c, W), 0);
	want(fcntl(fd, F_OFD_SETLK, &fl), 0);
	close(fd);
}

/* Locks of the whole file that the host's flock(2) minds, and no range. */
static void test_flock(void **state)
{
	const struct range shared = { P9_LOCK_READ, 0, 0 }, exclusive = { P9_LOCK_WRITE, 0, 0 };
	const struct range none = { P9_LOCK_NONE, 0, 0 };
	struct fixture *f = *state;
	int fd = open("f", O_RDWR | O_CLOEXEC);

	open_all(&f->c);
	want(flock_as(&f->c, RW, exclusive, 1), P9_LOCK_OK);
	want(flock(fd, LOCK_SH | LOCK_NB), -1);
	want(flock_as(&f->c, RW, shared, 2), P9_LOCK_BLOCKED);
	want(lock(&f->c, RW, (struct range){ P9_LOCK_WRITE, 0, 0 }, 3),
	     P9_LOCK_OK); /* fcntl(2)'s */
	want(lock(&f->c, RW, none, 3), P9_LOCK_OK);
	want(flock_as(&f->c, RW, shared, 1), P9_LOCK_OK);
	want(flock(fd, LOCK_SH | LOCK_NB), 0);
	want(flock_as(&f->c, R, exclusive, 1), P9_LOCK_BLOCKED);
	want(flock(fd, LOCK_UN), 0);
	want(flock_as(&f->c, R, exclusive, 4), P9_LOCK_OK); /* opened to read alone */
	want(flock(fd, LOCK_EX | LOCK_NB), -1);
	want(lock(&f->c, R, none, 4), P9_LOCK_OK); /* its kind is known by now */
	want(flock(fd, LOCK_EX | LOCK_NB), 0);
	want(flock_as(&f->c, R, shared, 1), P9_LOCK_BLOCKED);
	want(flock(fd, LOCK_UN), 0);
	want(flock_as(&f->c, RW, exclusive, 1), P9_LOCK_OK);
	for (uint32_t fid = R; fid <= RW; fid++)
		want(c_clunk(&f->c, fid), 0);
	want(flock(fd, LOCK_EX | LOCK_NB), 0);
	close(fd);
}

static void test_getlock(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r, t = { .type = P9_TGETLOCK,
			       .fid = RW,
			       .lock_type = P9_LOCK_WRITE,
			       .length = 5,
			       .proc_id = 1,
			       .name = str_of("host") };

	open_all(&f->c);
	want(client_call(&f->c, &t, &r), 0);
	want(r.lock_type, P9_LOCK_NONE);
	want(r.length, 5); /* as asked */
	want(r.proc_id, 1);
	want(r.name.len, 4);
	want(lock(&f->c, RW, (struct range){ P9_LOCK_WRITE, 0, 0 }, 1), P9_LOCK_OK);
	want(client_call(&f->c, &t, &r), 0);
	want(r.lock_type, P9_LOCK_NONE); /* one's own is not in the way */
	t.proc_id = 2;
	want(client_call(&f->c, &t, &r), 0);
	want(r.lock_type, P9_LOCK_WRITE);
	want(r.length, 0);
	t.lock_type = P9_LOCK_NONE; /* the kernel's client asks that, whatever it means */
	want(client_call(&f->c, &t, &r), 0);
	want(r.lock_type, P9_LOCK_WRITE);
	want(lock(&f->c, RW, (struct range){ P9_LOCK_READ, 0, 0 }, 1), P9_LOCK_OK);
	want(client_call(&f->c, &t, &r), 0);
	want(r.lock_type, P9_LOCK_NONE);
}

/* A file held open while processes come, lock, unlock, ask and go: what they
 * leave behind must not add up. */
static void test_many_processes(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r, t = { .type = P9_TGETLOCK, .fid = RW, .name = str_of("host") };

	open_all(&f->c);
	for (uint32_t proc = 1; proc < 4096 + 100; proc++) {
		t.proc_id = proc + 100000;
		want(client_call(&f->c, &t, &r), 0);
		want(lock(&f->c, RW, (struct range){ P9_LOCK_WRITE, 100, 10 }, proc), P9_LOCK_OK);
		want(lock(&f->c, RW, (struct range){ P9_LOCK_WRITE, 200, 0 }, proc), P9_LOCK_OK);
		want(lock(&f->c, RW, (struct range){ P9_LOCK_NONE, 200, 0 }, proc), P9_LOCK_OK);
		want(lock(&f->c, R, (struct range){ P9_LOCK_NONE, 100, 5 }, proc), P9_LOCK_OK);
		want(lock(&f->c, RW, (struct range){ P9_LOCK_READ, 100, 10 }, 1 << 30),
		     P9_LOCK_BLOCKED); /* half of it is there still */
		want(lock(&f->c, RW, (struct range){ P9_LOCK_NONE, 105, 5 }, proc), P9_LOCK_OK);
	}
}

/* ---- over a tree whose operations we choose ---- */

/* RW is an open file there. */
static void direct_open(struct direct *d, uint32_t flags)
{
	struct p9_msg attach = { .type = P9_TATTACH, .newfid = P9_NOFID, .uid = P9_NOUID };
	struct p9_msg walk = { .type = P9_TWALK, .newfid = RW, .name_count = 1 };
	struct p9_msg open = { .type = P9_TLOPEN, .fid = RW, .flags = flags };

	want(direct_init(d, "9P2000.L"), 0);
	walk.names[0] = str_of("f");
	want(direct_call(d, &attach), 0);
	want(direct_call(d, &walk), 0);
	want(direct_call(d, &open), 0);
}

static int direct_lock(struct direct *d, uint8_t type)
{
	struct p9_msg t = lock_msg(RW, (struct range){ type, 0, 0 }, 1, "host");

	want(direct_call(d, &t), 0);
	return d->r.status;
}

static int no_copy(struct filetree *tree, int from, int to)
{
	(void)tree;
	(void)from;
	(void)to;
	return -EMFILE;
}

/* What the process holds stays with it, and nothing else does. */
static void test_stronger_fails(void **state)
{
	static struct direct d;
	const struct tree_ops *good;
	struct tree_ops ops;

	(void)state;
	direct_open(&d, P9_O_RDONLY);
	good = d.tree.tree.ops;
	ops = *good;
	ops.lock_copy = no_copy;
	d.tree.tree.ops = &ops;
	want(direct_lock(&d, P9_LOCK_READ), P9_LOCK_OK);
	want(direct_lock(&d, P9_LOCK_WRITE), P9_LOCK_ERROR);
	want(d.session.owner_count, 1);
	want(d.tree.owners, 1);
	d.tree.tree.ops = good;
	want(direct_lock(&d, P9_LOCK_WRITE), P9_LOCK_OK);
	want(d.tree.owners, 1);
	direct_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		session_test(test_ranges),
		session_test(test_owner_is_host_and_process),
		session_test(test_local_programs),
		session_test(test_flock),
		session_test(test_getlock),
		session_test(test_many_processes),
		session_test(test_stronger_through_another_fid),
		session_test(test_stronger_while_it_waits),
		session_test(test_stronger_with_many),
		cmocka_unit_test(test_stronger_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
