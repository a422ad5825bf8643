/* malloc for /init, in place of musl's: one thread, a tenth of the code.
 *
 * Sizes go in powers of two, a header of 16 bytes included. Up to a page they are
 * carved from chunks that are never given back; larger ones are mappings of their
 * own, given back at once but for a few that wait to be used again. */
#include <errno.h>
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
	struct block *free[KEPT + 1];
	size_t kept;
	char *at, *end; /* what is left of the chunk */
} heap;

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

/* *zero: the memory has never been used. */
static void *get(size_t size, bool *zero)
{
	size_t class = SMALLEST;
	struct block *b;

	if (size > PTRDIFF_MAX / 4) {
		errno = ENOMEM;
		return NULL;
	}
	while ((size_t)1 << class < size + sizeof(*b))
		class ++;
	*zero = class > KEPT || !heap.free[class];
	if (!*zero)
		b = take(class);
	else
		b = class > CARVED ? map((size_t)1 << class) : carve((size_t)1 << class);
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

void free(void *p)
{
	struct block *b;
	int saved = errno;

	if (!p)
		return;
	b = (struct block *)p - 1;
	if (b->class > KEPT || (b->class > CARVED && heap.kept == KEPT_COUNT)) {
		munmap(b, (size_t)1 << b->class);
		errno = saved;
		return;
	}
	heap.kept += b->class > CARVED;
	b->next = heap.free[b->class];
	heap.free[b->class] = b;
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
