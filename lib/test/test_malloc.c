/* test_malloc.c: /init's malloc keeps what it gave apart, aligned and whole. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

#undef malloc
#undef calloc
#undef realloc
#undef free
#define malloc small_malloc
#define calloc small_calloc
#define realloc small_realloc
#define free small_free
void *small_malloc(size_t size);
void *small_calloc(size_t count, size_t size);
void *small_realloc(void *p, size_t size);
void small_free(void *p);
#include "lib/musl/malloc.c"
#undef malloc
#undef calloc
#undef realloc
#undef free

static unsigned random_next(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16 & 0x7fff;
}

/* Sizes from nothing to a megabyte, small ones more often. */
static size_t random_size(unsigned *seed)
{
	return (size_t)random_next(seed) * random_next(seed) >> (10 + random_next(seed) % 20);
}

struct piece {
	unsigned char *at;
	size_t len;
	unsigned char mark;
};

static void piece_check(const struct piece *p)
{
	assert_int_equal((uintptr_t)p->at % 16, 0);
	for (size_t i = 0; i < p->len; i++)
		if (p->at[i] != p->mark)
			fail_msg("byte %zu of %zu changed", i, p->len);
}

static void piece_change(struct piece *p, unsigned *seed)
{
	size_t len = random_size(seed), keep = len < p->len ? len : p->len;

	switch (random_next(seed) % 3) {
	case 0:
		small_free(p->at);
		p->at = small_malloc(len);
		break;
	case 1:
		small_free(p->at);
		p->at = small_calloc(1, len);
		p->len = len;
		p->mark = 0;
		piece_check(p);
		break;
	default:
		p->at = small_realloc(p->at, len);
		p->len = keep;
		piece_check(p);
	}
	p->len = len;
	p->mark = (unsigned char)random_next(seed);
	memset(p->at, p->mark, len);
}

static void test_apart(void **state)
{
	struct piece pieces[64] = { { 0 } };
	unsigned seed = 7;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct piece *p = &pieces[random_next(&seed) % array_len(pieces)];

		if (p->at)
			piece_check(p);
		piece_change(p, &seed);
	}
	for (size_t i = 0; i < array_len(pieces); i++)
		small_free(pieces[i].at);
}

static void test_limits(void **state)
{
	(void)state;
	assert_null(small_malloc(SIZE_MAX));
	assert_null(small_malloc(PTRDIFF_MAX));
	assert_null(small_malloc((size_t)PTRDIFF_MAX / 8));
	assert_null(small_calloc(SIZE_MAX / 2, 3));
	small_free(NULL);
	assert_non_null(small_realloc(NULL, 0));
}

/* What is given back goes to the next who asks: memory does not grow. */
static void test_reuse(void **state)
{
	void *first = small_malloc(100), *big = small_malloc(60000);

	(void)state;
	small_free(first);
	small_free(big);
	for (int i = 0; i < 1000; i++) {
		void *p = small_malloc(100), *q = small_malloc(60000);

		assert_ptr_equal(p, first);
		assert_ptr_equal(q, big);
		small_free(q);
		small_free(p);
	}
}

static void test_errno(void **state)
{
	void *p = small_malloc(1 << 20);

	(void)state;
	errno = EBADF;
	small_free(p);
	assert_int_equal(errno, EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apart),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
