/* malloc for /init, in place of musl's: a tenth of the code, for few threads.
 *
 * Sizes go in powers of two, a header of 16 bytes included. Up to a page they are
 * carved from chunks that are never given back; larger ones are mappings of their
 * own, given back at once but for a few that wait to be used again. */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	SMALLEST = 5,   /* 32 bytes */
	CARVED = 12,    /* up to 4 KiB: from a chunk */
	KEPT = 17,      /* up to 128 KiB: may wait for the next malloc */
	KEPT_COUNT = 4, /* so many at most */
	CHUNK = 64 * 1024,
};

struct block {
	size_t class; /* log2 of its size */
	struct block *next;
};

static struct {
	atomic_flag busy;
	struct block *free[KEPT + 1];
	size_t kept;
	char *at, *end; /* what is left of the chunk */
} heap = { .busy = ATOMIC_FLAG_INIT };

/* Held for a few instructions, by hardly ever more than one thread. */
static void lock(void)
{
	while (atomic_flag_test_and_set_explicit(&heap.busy, memory_order_acquire))
		sched_yield();
}

static void unlock(void)
{
	atomic_flag_clear_explicit(&heap.busy, memory_order_release);
}

static struct block *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static struct block *carve(size_t size)
{
	char *at = heap.at;

	if ((size_t)(heap.end - heap.at) < size) {
		at = (char *)map(CHUNK);
		if (!at)
			return NULL;
		heap.end = at + CHUNK;
	}
	heap.at = at + size;
	return (struct block *)(void *)at;
}

static struct block *take(size_t class)
{
	struct block *b = heap.free[class];

	heap.free[class] = b->next;
	heap.kept -= class > CARVED;
	return b;
}

/* One of 1 << class bytes; *zero: its memory has never been used. */
static struct block *get_class(size_t class, bool *zero)
{
	struct block *b;

	*zero = true;
	if (class > KEPT)
		return map((size_t)1 << class);
	lock();
	*zero = !heap.free[class];
	if (!*zero)
		b = take(class);
	else
		b = class > CARVED ? map((size_t)1 << class) : carve((size_t)1 << class);
	unlock();
	return b;
}

static void *get(size_t size, bool *zero)
{
	size_t class = SMALLEST;
	struct block *b = NULL;

	if (size < PTRDIFF_MAX / 4) {
		while ((size_t)1 << class < size + sizeof(*b))
			class ++;
		b = get_class(class, zero);
	}
	if (!b) {
		errno = ENOMEM;
		return NULL;
	}
	b->class = class;
	return b + 1;
}

void *malloc(size_t size)
{
	bool zero;

	return get(size, &zero);
}

/* True when the block now waits for the next malloc. */
static bool keep(struct block *b)
{
	bool kept;

	if (b->class > KEPT)
		return false;
	lock();
	kept = b->class <= CARVED || heap.kept < KEPT_COUNT;
	if (kept) {
		heap.kept += b->class > CARVED;
		b->next = heap.free[b->class];
		heap.free[b->class] = b;
	}
	unlock();
	return kept;
}

void free(void *p)
{
	struct block *b;
	int saved = errno;

	if (!p)
		return;
	b = (struct block *)p - 1;
	if (!keep(b))
		munmap(b, (size_t)1 << b->class);
	errno = saved;
}

void *calloc(size_t count, size_t size)
{
	size_t all;
	bool zero;
	void *p;

	if (__builtin_mul_overflow(count, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	p = get(all, &zero);
	return p && !zero ? memset(p, 0, all) : p;
}

void *realloc(void *p, size_t size)
{
	size_t have;
	void *q;

	if (!p)
		return malloc(size);
	have = ((size_t)1 << ((struct block *)p - 1)->class) - sizeof(struct block);
	if (size <= have && size >= have / 4)
		return p;
	q = malloc(size);
	if (!q)
		return NULL;
	memcpy(q, p, size < have ? size : have);
	free(p);
	return q;
}
