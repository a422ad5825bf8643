/* test_changes.c: what others change is told before the next reply; what the
 * client changes itself is not. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "p9d/test/fixture.h"

enum { WATCH_TAG = 500, TEXT_MAX = 4096 };

/* The test is not the server: whatever it does to files is done by others. */
struct watching {
	struct fixture *f;
	char told[TEXT_MAX]; /* "create d/x,modify d/x,": since it was emptied */
	size_t used;
	uint64_t root, dir;
};

static struct p9_msg call(struct watching *w, struct p9_msg *t);

static void tell(struct watching *w, const struct p9_change *change)
{
	static const char *const names[] = { "create", "delete", "from",       "to",
					     "modify", "attrib", "close_write" };
	const char *dir = change->dir == w->root ? "" : change->dir == w->dir ? "d/" : "?/";

	for (size_t i = 0; i < array_len(names); i++)
		if (change->what >> i & 1)
			w->used += fmt(w->told + w->used, TEXT_MAX - w->used, "%s %s%.*s%s,",
				       names[i], dir, change->name.len, change->name.at,
				       change->what & P9_CHANGE_IS_DIR ? "/" : "");
}

/* The next reply; changes on the way are written down. */
static struct p9_msg receive(struct watching *w)
{
	struct p9_change change;
	struct p9_msg r;
	struct reader in;

	for (;;) {
		assert_true(client_receive(&w->f->c, &r));
		if (r.type != P9_TWWATCH + 1 || r.count == 0)
			return r;
		assert_int_equal(r.tag, WATCH_TAG);
		reader_init(&in, r.data, r.count);
		while (p9_change_get(&in, &change))
			tell(w, &change);
		assert_false(in.bad);
	}
}

static struct p9_msg call(struct watching *w, struct p9_msg *t)
{
	if (t->type != P9_TWWATCH)
		t->tag = 1;
	client_send(&w->f->c, t);
	return receive(w);
}

static void begin(struct watching *w, struct fixture *f)
{
	struct p9_msg t = { .type = P9_TWWATCH, .tag = WATCH_TAG }, r;

	*w = (struct watching){ .f = f };
	client_close(&f->c);
	client_serve_drive(&f->c, f->dir);
	want(c_version(&f->c, "9P2000.W", 1 << 20), 0);
	r = call(w, &t);
	if (r.type == P9_RLERROR)
		skip(); /* this kernel, or this user's limit, has none */
	want(c_attach(&f->c, ROOT, geteuid()), 0);
}

/* Walks to a path's attributes. The reply says how far that went. */
static struct p9_msg look(struct watching *w, const char *path)
{
	struct p9_msg t = { .type = P9_TWOPEN,
			    .fid = ROOT,
			    .newfid = 9,
			    .flags = P9_WOPEN_ATTR_ONLY,
			    .wflags = P9_WOPEN_LINK,
			    .gid = P9_NOUID };
	struct p9_msg r, clunk = { .type = P9_TCLUNK, .fid = 9 };
	const char *at = path;

	while (*at) {
		size_t len = strcspn(at, "/");

		t.names[t.name_count++] = (struct p9_str){ at, (uint16_t)len };
		at += len + (at[len] == '/');
	}
	r = call(w, &t);
	if (r.type != P9_RLERROR && r.status == P9_WOPEN_OPENED)
		call(w, &clunk);
	return r;
}

static bool kept(const struct p9_msg *r)
{
	return r->qid.type & P9_QTKEPT;
}

static void test_what_is_kept(void **state)
{
	static const struct {
		const char *path;
		enum p9_wopen_status status;
		bool kept;
	} cases[] = {
		{ "", P9_WOPEN_OPENED, true },        { "f", P9_WOPEN_OPENED, true },
		{ "d", P9_WOPEN_OPENED, true },       { "d/e/deep", P9_WOPEN_OPENED, true },
		{ "link", P9_WOPEN_OPENED, true },    { "fifo", P9_WOPEN_OPENED, true },
		{ "d/none", P9_WOPEN_NO_LEAF, true }, /* that it is not there */
		{ "two", P9_WOPEN_OPENED, false },    /* may change by its other name */
	};
	struct watching w;

	assert_int_equal(link("f", "two") < 0 || unlink("f") < 0, 0);
	assert_int_equal(link("two", "d/other"), 0);
	assert_int_equal(file_create("f", "hello", 0644), 0);
	begin(&w, *state);
	for (size_t i = 0; i < array_len(cases); i++) {
		struct p9_msg r = look(&w, cases[i].path);

		if (r.type == P9_RLERROR || r.status != cases[i].status ||
		    kept(&r) != cases[i].kept)
			fail_msg("%s: status %d kept %d", cases[i].path, r.status, kept(&r));
	}
}

static int do_write(void)
{
	return file_create("d/x", "more", 0600);
}

static int do_append(void)
{
	int fd = open("d/x", O_WRONLY | O_APPEND), err = write(fd, "a", 1) == 1 ? 0 : -1;

	close(fd);
	return err;
}

static int do_chmod(void)
{
	return chmod("d/x", 0640);
}

static int do_old_time(void)
{
	const struct timeval old[2] = { { 1, 0 }, { 1, 0 } };

	return utimes("d/x", old);
}

static int do_truncate(void)
{
	return truncate("d/x", 1);
}

static int do_rename(void)
{
	return rename("d/x", "d/y");
}

static int do_move(void)
{
	return rename("d/y", "y");
}

static int do_unlink(void)
{
	return unlink("y");
}

static int do_mkdir(void)
{
	return mkdir("d/sub", 0755);
}

static int do_chmod_dir(void)
{
	return chmod("d", 0711);
}

static int do_rmdir(void)
{
	return rmdir("d/sub");
}

static void test_what_is_told(void **state)
{
	static const struct {
		int (*act)(void);
		const char *told;
	} cases[] = {
		{ do_write, "create d/x,modify d/x,close_write d/x," },
		{ do_append, "modify d/x,close_write d/x," },
		{ do_chmod, "attrib d/x," },
		{ do_old_time, "attrib d/x," },
		{ do_truncate, "modify d/x," },
		{ do_rename, "from d/x,to d/y," },
		{ do_move, "from d/y,to y," },
		{ do_unlink, "delete y," },
		{ do_mkdir, "create d/sub/," },
		/* Not as a name in the directory above: once is enough. */
		{ do_chmod_dir, "attrib d//," },
		{ do_rmdir, "delete d/sub/," },
	};
	struct watching w;

	begin(&w, *state);
	w.root = look(&w, "").qid.path;
	w.dir = look(&w, "d").qid.path;
	for (size_t i = 0; i < array_len(cases); i++) {
		w.used = 0;
		assert_int_equal(cases[i].act(), 0);
		look(&w, "f");
		if (strcmp(w.told, cases[i].told) != 0)
			fail_msg("%zu: told \"%s\", want \"%s\"", i, w.told, cases[i].told);
	}
}

/* Without any request, and while the server's thread waits or is parked. */
static void test_told_unasked(void **state)
{
	struct watching w;
	struct p9_msg r;

	begin(&w, *state);
	w.root = look(&w, "").qid.path;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(truncate("f", i), 0);
		assert_true(client_has_reply(&w.f->c, 5000));
		assert_true(client_receive(&w.f->c, &r));
		assert_int_equal(r.type, P9_TWWATCH + 1);
		if (i == 1) /* long enough for a thread to give its connection back */
			assert_false(client_has_reply(&w.f->c, 1500));
	}
}

static void test_own_changes_are_not_told(void **state)
{
	struct watching w;
	struct p9_msg mkdir_t = {
		.type = P9_TMKDIR, .fid = ROOT, .name = str_of("own"), .mode = 0755, .gid = P9_NOUID
	};
	struct p9_msg remove_t = {
		.type = P9_TUNLINKAT, .fid = ROOT, .name = str_of("own"), .flags = P9_REMOVEDIR
	};

	begin(&w, *state);
	look(&w, "f");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(call(&w, &mkdir_t).type, P9_TMKDIR + 1);
		assert_true(kept(&(struct p9_msg){ .qid = look(&w, "own").qid }));
		assert_int_equal(call(&w, &remove_t).type, P9_TUNLINKAT + 1);
		look(&w, "f");
	}
	assert_int_equal(w.used, 0);
	assert_false(client_has_reply(&w.f->c, 50));
}

/* The queue of the kernel has an end; then everything may have changed. */
static void test_overflow(void **state)
{
	struct watching w;
	struct p9_msg r;
	char name[32];

	begin(&w, *state);
	look(&w, "f");
	kill(w.f->c.server, SIGSTOP);
	for (int i = 0; i < 20000; i++) {
		fmt(name, sizeof(name), "n%d", i);
		assert_true(mkfifo(name, 0600) == 0);
	}
	kill(w.f->c.server, SIGCONT);
	do {
		struct p9_change change;
		struct reader in;

		assert_true(client_receive(&w.f->c, &r));
		reader_init(&in, r.data, r.count);
		while (p9_change_get(&in, &change))
			w.root |= change.what & P9_CHANGE_ALL;
	} while (!w.root);
}

static void test_only_one(void **state)
{
	struct watching w;
	struct p9_msg t = { .type = P9_TWWATCH, .tag = WATCH_TAG };

	begin(&w, *state);
	assert_int_equal(call(&w, &t).error, EBUSY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		session_test(test_what_is_kept), session_test(test_what_is_told),
		session_test(test_told_unasked), session_test(test_own_changes_are_not_told),
		session_test(test_overflow),     session_test(test_only_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
