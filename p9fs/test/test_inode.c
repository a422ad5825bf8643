/* test_inode.c: what the kernel knows, what keeps a fid, and the way back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "p9fs/handle.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

enum { LIMIT = 4 };

static uint32_t dropped[64];
static unsigned dropped_count;

static void drop(struct inodes *inodes, uint32_t fid)
{
	(void)inodes;
	assert_true(dropped_count < array_len(dropped));
	dropped[dropped_count++] = fid;
}

static void setup(struct inodes *inodes)
{
	dropped_count = 0;
	assert_int_equal(inodes_init(inodes, 1, LIMIT, drop), 0);
}

static struct inode *see(struct inodes *inodes, struct inode *parent, const char *name, uint64_t id,
			 uint32_t fid)
{
	struct inode *inode = inode_see(inodes, parent, name, id, fid);

	assert_non_null(inode);
	return inode;
}

/* Two names of one file are one inode, and the second fid is not needed. */
static void test_same_file(void **state)
{
	struct inodes inodes;
	struct inode *a, *b;

	(void)state;
	setup(&inodes);
	a = see(&inodes, &inodes.root, "a", 10, 100);
	b = see(&inodes, &inodes.root, "b", 10, 101);
	assert_ptr_equal(a, b);
	assert_int_equal(dropped_count, 1);
	assert_int_equal(dropped[0], 101);
	assert_string_equal(a->name, "b");
	inode_forget(&inodes, a, 1);
	assert_int_equal(inodes.count, 1);
	inode_forget(&inodes, a, 1);
	assert_int_equal(inodes.count, 0);
	assert_int_equal(dropped[1], 100);
	inodes_fini(&inodes);
}

/* A directory stays while the kernel knows something below it. */
static void test_parents_stay(void **state)
{
	struct inodes inodes;
	struct inode *dir, *file;

	(void)state;
	setup(&inodes);
	dir = see(&inodes, &inodes.root, "dir", 10, 100);
	file = see(&inodes, dir, "file", 11, 101);
	inode_forget(&inodes, dir, 1);
	assert_int_equal(inodes.count, 2);
	inode_forget(&inodes, file, 1);
	assert_int_equal(inodes.count, 0);
	inodes_fini(&inodes);
}

static void test_oldest_gives_up(void **state)
{
	struct inodes inodes;
	struct inode *at[LIMIT];
	struct route route;
	struct handle handle = { 0 };

	(void)state;
	setup(&inodes);
	for (unsigned i = 0; i < LIMIT; i++)
		at[i] = see(&inodes, &inodes.root, "x", 10 + i, 100 + i);
	inode_touch(&inodes, at[0]);
	at[1]->handles = &handle;
	see(&inodes, &inodes.root, "y", 50, 150); /* at[2]: at[0] is newer, at[1] is open */
	assert_int_equal(dropped_count, 1);
	assert_int_equal(dropped[0], 102);
	assert_int_equal(at[2]->fid, P9_NOFID);
	assert_int_equal(inode_route(at[2], &route), 0);
	assert_ptr_equal(route.start, &inodes.root);
	assert_ptr_equal(route.end, at[2]);
	assert_int_equal(route.count, 1);
	inode_set_fid(&inodes, at[2], 200);
	assert_int_equal(at[2]->fid, 200);
	assert_int_equal(dropped[1], 103);
	at[1]->handles = NULL;
	inodes_fini(&inodes);
}

/* All others are open: the one that was just walked to keeps its fid anyway, or
 * it would be walked to for ever. */
static void test_newest_keeps(void **state)
{
	struct inodes inodes;
	struct handle handle = { 0 };
	struct inode *inode, *open[LIMIT];

	(void)state;
	setup(&inodes);
	for (unsigned i = 0; i < LIMIT; i++) {
		open[i] = see(&inodes, &inodes.root, "x", 10 + i, 100 + i);
		open[i]->handles = &handle;
	}
	inode = see(&inodes, &inodes.root, "y", 50, 150);
	assert_int_equal(inode->fid, 150);
	assert_int_equal(dropped_count, 0);
	for (unsigned i = 0; i < LIMIT; i++)
		open[i]->handles = NULL;
	inodes_fini(&inodes);
}

/* By the name it was seen with last, until it goes or another comes. */
static void test_names(void **state)
{
	struct inodes inodes;
	struct inode *dir, *file, *other;

	(void)state;
	setup(&inodes);
	dir = see(&inodes, &inodes.root, "d", 10, P9_NOFID);
	file = see(&inodes, dir, "f", 11, P9_NOFID);
	assert_ptr_equal(inode_find(&inodes, 1), &inodes.root);
	assert_ptr_equal(inode_find(&inodes, 11), file);
	assert_null(inode_find(&inodes, 12));
	assert_ptr_equal(inode_child(&inodes, dir, "f"), file);
	assert_null(inode_child(&inodes, &inodes.root, "f"));
	assert_int_equal(inode_move(&inodes, file, &inodes.root, "g"), 0);
	assert_null(inode_child(&inodes, dir, "f"));
	assert_ptr_equal(inode_child(&inodes, &inodes.root, "g"), file);
	other = see(&inodes, &inodes.root, "g", 12, P9_NOFID);
	assert_ptr_equal(inode_child(&inodes, &inodes.root, "g"), other);
	inode_unname(&inodes, other);
	inode_unname(&inodes, other);
	assert_ptr_equal(inode_child(&inodes, &inodes.root, "g"), file);
	inode_forget(&inodes, file, 1);
	assert_null(inode_child(&inodes, &inodes.root, "g"));
	for (unsigned i = 0; i < 3000; i++) /* more than there were buckets */
		see(&inodes, dir, "x", 100 + i, P9_NOFID);
	see(&inodes, dir, "y", 99, P9_NOFID);
	assert_int_equal(inode_child(&inodes, dir, "y")->id, 99);
	inodes_fini(&inodes);
}

/* A file without a name can be reached by its fid alone. */
static void test_nameless_keeps(void **state)
{
	struct inodes inodes;
	struct inode *gone;

	(void)state;
	setup(&inodes);
	gone = see(&inodes, &inodes.root, "gone", 10, 100);
	inode_unname(&inodes, gone);
	for (unsigned i = 0; i < LIMIT; i++)
		see(&inodes, &inodes.root, "x", 20 + i, 200 + i);
	assert_int_equal(gone->fid, 100);
	assert_int_equal(dropped[0], 200);
	inodes_fini(&inodes);
}

/* Deeper than one walk goes: first a part of the way. */
static void test_long_way(void **state)
{
	enum { DEPTH = 40 };
	struct inodes inodes;
	struct inode *inode = &inodes.root, *at[DEPTH];
	struct route route;
	unsigned walks = 0;

	(void)state;
	setup(&inodes);
	for (unsigned i = 0; i < DEPTH; i++) {
		char name[16];

		fmt(name, sizeof(name), "d%u", i);
		at[i] = inode = see(&inodes, inode, name, 10 + i, P9_NOFID);
	}
	inodes.limit = DEPTH;
	do {
		assert_int_equal(inode_route(inode, &route), 0);
		if (walks == 0)
			assert_ptr_equal(route.end, at[P9_NAMES_MAX - 1]);
		assert_string_equal(route.names[route.count - 1], route.end->name);
		inode_set_fid(&inodes, route.end, 1000 + walks++);
	} while (route.end != inode);
	assert_int_equal(walks, 3);
	assert_int_equal(route.count, DEPTH - 2 * P9_NAMES_MAX);
	assert_string_equal(route.names[0], "d32");
	inodes_fini(&inodes);
}

/* Two directories that changed places while nobody looked. */
static void test_no_circle(void **state)
{
	struct inodes inodes;
	struct inode *a, *b;
	struct route route;

	(void)state;
	setup(&inodes);
	a = see(&inodes, &inodes.root, "a", 10, P9_NOFID);
	b = see(&inodes, a, "b", 11, P9_NOFID);
	assert_ptr_equal(see(&inodes, b, "a", 10, P9_NOFID), a);
	assert_ptr_equal(a->parent, &inodes.root);
	assert_ptr_equal(see(&inodes, &inodes.root, "b", 11, P9_NOFID), b);
	assert_ptr_equal(see(&inodes, b, "a", 10, P9_NOFID), a);
	assert_ptr_equal(a->parent, b);
	assert_int_equal(inode_route(a, &route), 0);
	assert_int_equal(route.count, 2);
	/* The root is nobody's child; bound below itself it is another directory. */
	a = see(&inodes, b, "top", 1, P9_NOFID);
	assert_ptr_not_equal(a, &inodes.root);
	assert_ptr_equal(see(&inodes, &inodes.root, "again", 1, P9_NOFID), a);
	assert_null(inodes.root.parent);
	inodes_fini(&inodes);
}

static void test_many(void **state)
{
	enum { MANY = 5000 };
	static struct inode *at[MANY];
	struct inodes inodes;

	(void)state;
	setup(&inodes);
	for (unsigned i = 0; i < MANY; i++)
		at[i] = see(&inodes, &inodes.root, "n", 100 + i, P9_NOFID);
	assert_true(inodes.bucket_count > MANY / 2);
	for (unsigned i = 0; i < MANY; i++)
		assert_ptr_equal(see(&inodes, &inodes.root, "n", 100 + i, P9_NOFID), at[i]);
	for (unsigned i = 0; i < MANY; i++)
		inode_forget(&inodes, at[i], 2);
	assert_int_equal(inodes.count, 0);
	inodes_fini(&inodes);
}

/* The one seen last comes first, also when there are many more; and one that has no name
 * does not come. */
static void test_same_name(void **state)
{
	struct inodes inodes;
	struct inode *first, *last, *nameless;

	(void)state;
	setup(&inodes);
	first = see(&inodes, &inodes.root, "n", 10, P9_NOFID);
	last = see(&inodes, &inodes.root, "n", 11, P9_NOFID);
	nameless = inode_see_unnamed(&inodes, 12);
	assert_ptr_equal(inode_see_unnamed(&inodes, 12), nameless);
	assert_int_equal(nameless->lookups, 2);
	for (unsigned i = 0; i < 3; i++) {
		assert_ptr_equal(inode_child(&inodes, &inodes.root, "n"), last);
		assert_ptr_equal(inode_child_before(last), first);
		assert_null(inode_child_before(first));
		for (unsigned j = 0; j < 3000; j++)
			see(&inodes, &inodes.root, "x", 100 + 3000 * i + j, P9_NOFID);
	}
	see(&inodes, &inodes.root, "n", 10, P9_NOFID); /* it is there again */
	assert_ptr_equal(inode_child(&inodes, &inodes.root, "n"), first);
	assert_ptr_equal(inode_child_before(first), last);
	inode_unname(&inodes, last);
	assert_ptr_equal(inode_child(&inodes, &inodes.root, "n"), first);
	inodes_fini(&inodes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_file),
		cmocka_unit_test(test_parents_stay),
		cmocka_unit_test(test_oldest_gives_up),
		cmocka_unit_test(test_newest_keeps),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_nameless_keeps),
		cmocka_unit_test(test_long_way),
		cmocka_unit_test(test_no_circle),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_same_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
