/* test_list.c: Twlist: a directory with attributes and the bytes of small files. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "p9d/test/fixture.h"

enum { SMALL = 100, MANY = 300, NAME_LEN = 8 };

static bool begin(struct fixture *f, uint32_t msize, bool watch)
{
	struct p9_msg t = { .type = P9_TWWATCH }, r;
	bool told;

	client_close(&f->c);
	client_serve_drive(&f->c, f->dir);
	want(c_version(&f->c, "9P2000.W", msize), 0);
	told = watch && client_call(&f->c, &t, &r) == 0;
	want(c_attach(&f->c, ROOT, geteuid()), 0);
	return told;
}

static struct p9_msg list_of(uint64_t offset, const char *dir)
{
	struct p9_msg t = {
		.type = P9_TWLIST, .fid = ROOT, .offset = offset, .count = 1 << 20, .length = SMALL
	};

	if (*dir)
		t.names[t.name_count++] = str_of(dir);
	return t;
}

/* The entry of this name in one reply. */
static struct p9_listed entry_of(const struct p9_msg *r, const char *name)
{
	struct p9_listed listed;
	struct reader in;

	reader_init(&in, r->data, r->count);
	while (p9_listed_get(&in, &listed))
		if (listed.entry.name.len == strlen(name) &&
		    memcmp(listed.entry.name.at, name, listed.entry.name.len) == 0)
			return listed;
	fail_msg("%s is not there", name);
	return listed;
}

static void test_bytes(void **state)
{
	static const struct {
		const char *name, *bytes; /* NULL: none */
	} cases[] = {
		{ "f", "hello" },   { "empty", "" }, { "large", NULL }, { "just", NULL },
		{ "secret", NULL }, { "two", NULL }, { "fifo", NULL },  { "link", NULL },
		{ "d", NULL },      { ".", NULL },   { "..", NULL },
	};
	struct fixture *f = *state;
	struct p9_msg t = list_of(0, ""), r;

	want(file_create("empty", "", 0644), 0);
	want(file_create("large", "", 0644), 0);
	want(truncate("large", SMALL + 1), 0);
	want(file_create("just", "", 0644), 0);
	want(truncate("just", SMALL), 0);
	want(file_create("secret", "secret", 0), 0);
	want(file_create("two", "two", 0644), 0);
	want(link("two", "other"), 0);
	if (!begin(f, 1 << 20, true))
		skip(); /* this kernel, or this user's limit, has none */
	want(client_call(&f->c, &t, &r), 0);
	want(r.flags, P9_LIST_END);
	want(r.qid.type, P9_QTDIR | P9_QTKEPT);
	for (size_t i = 0; i < array_len(cases); i++) {
		struct p9_listed one = entry_of(&r, cases[i].name);
		const char *bytes = cases[i].bytes;

		if (strcmp(cases[i].name, "just") == 0) { /* as many as there may be */
			want(one.count, SMALL);
			continue;
		}
		if (strcmp(cases[i].name, "secret") == 0 && geteuid() == 0)
			continue;
		if (one.count != (bytes ? strlen(bytes) : P9_NO_BYTES) ||
		    (bytes && memcmp(one.bytes, bytes, one.count) != 0))
			fail_msg("%s: %u bytes", cases[i].name, one.count);
	}
	want(entry_of(&r, "f").entry.attr.size, 5);
	want(entry_of(&r, "f").entry.qid.type, P9_QTKEPT);
	want(entry_of(&r, "two").entry.qid.type, P9_QTFILE);
}

/* Without a promise nobody may keep them. */
static void test_no_promise(void **state)
{
	struct fixture *f = *state;
	struct p9_msg t = list_of(0, ""), r;

	begin(f, 1 << 20, false);
	want(client_call(&f->c, &t, &r), 0);
	want(r.qid.type, P9_QTDIR);
	want(entry_of(&r, "f").count, P9_NO_BYTES);
	want(entry_of(&r, "f").entry.attr.size, 5);
}

/* Several answers, each from the last entry's offset: every name once. */
static void test_pages(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r = { .flags = 0 };
	unsigned seen[MANY] = { 0 }, pages = 0;
	uint64_t offset = 0;
	char path[32];

	for (int i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "d/n%06d", i);
		want(file_create(path, path, 0644), 0);
	}
	if (!begin(f, 8192, true))
		skip();
	while (!(r.flags & P9_LIST_END)) {
		struct p9_msg t = list_of(offset, "d");
		struct p9_listed one;
		struct reader in;

		want(client_call(&f->c, &t, &r), 0);
		pages++;
		reader_init(&in, r.data, r.count);
		while (p9_listed_get(&in, &one)) {
			offset = one.entry.offset;
			if (one.entry.name.len != NAME_LEN - 1)
				continue;
			memcpy(path, one.entry.name.at + 1, NAME_LEN - 2);
			path[NAME_LEN - 2] = '\0';
			seen[atoi(path) % MANY]++;
			want(one.count, NAME_LEN + 1);
		}
		assert_false(in.bad);
	}
	for (int i = 0; i < MANY; i++)
		want(seen[i], 1);
	assert_true(pages > 4);
}

/* A file that the rest of an answer has no room for comes with the next; one that no
 * answer has room for comes without its bytes. */
static void test_little_room(void **state)
{
	struct fixture *f = *state;
	struct p9_msg t = list_of(0, "d"), r;
	unsigned with = 0, without = 0;

	t.length = 1 << 20;
	want(file_create("d/a", "", 0644), 0);
	want(truncate("d/a", 3000), 0);
	want(file_create("d/b", "", 0644), 0);
	want(truncate("d/b", 9000), 0);
	if (!begin(f, 4096, true))
		skip();
	do {
		struct p9_listed one;
		struct reader in;

		want(client_call(&f->c, &t, &r), 0);
		reader_init(&in, r.data, r.count);
		while (p9_listed_get(&in, &one)) {
			t.offset = one.entry.offset;
			with += one.count == 3000;
			without += one.entry.attr.size == 9000 && one.count == P9_NO_BYTES;
		}
	} while (!(r.flags & P9_LIST_END));
	want(with, 1);
	want(without, 1);
}

static void test_refused(void **state)
{
	static const struct {
		const char *name;
		uint32_t count;
		int error;
	} cases[] = {
		{ "none", 8192, ENOENT }, { "f", 8192, ENOTDIR },  { "link", 8192, ENOTDIR },
		{ "..", 8192, EINVAL },   { "a/b", 8192, EINVAL }, { "fifo", 8192, ENOTDIR },
		{ "d", 10, EINVAL },
	};
	struct fixture *f = *state;

	begin(f, 1 << 20, false);
	for (size_t i = 0; i < array_len(cases); i++) {
		struct p9_msg t = list_of(0, cases[i].name), r;

		t.count = cases[i].count;
		if (client_call(&f->c, &t, &r) != cases[i].error)
			fail_msg("%s: error %u", cases[i].name, r.error);
	}
}

/* A fid that was walked to, or opened, does as well; and is where it was afterwards. */
static void test_fids(void **state)
{
	struct fixture *f = *state;
	struct p9_msg t = list_of(0, ""), r;

	begin(f, 1 << 20, false);
	t.fid = 7;
	want(client_call(&f->c, &t, &r), EBADF);
	want(c_walk(&f->c, ROOT, 7, "d/e"), 0);
	want(client_call(&f->c, &t, &r), 0);
	want(entry_of(&r, "deep").entry.attr.size, 4);
	want(c_open(&f->c, 7, P9_O_RDONLY), 0);
	want(client_call(&f->c, &t, &r), 0);
	want(entry_of(&r, "deep").entry.attr.size, 4);
	want(c_clunk(&f->c, 7), 0);
}

#define list_test(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		list_test(test_bytes),       list_test(test_no_promise), list_test(test_pages),
		list_test(test_little_room), list_test(test_refused),    list_test(test_fids),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
