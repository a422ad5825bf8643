/* fuzz_fuse.c: requests of the kernel's. What is taken for one lies in its bytes, all of
 * them; and INIT's answer holds nothing that was not offered. */
#include <stdlib.h>
#include <string.h>

#include "p9fs/fuse_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fuse_terms terms = { FUSE_ASYNC_READ | FUSE_POSIX_LOCKS | 4ull << 32, 131072,
					 4096, 128 };

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_agreed(const struct fuse_request *q)
{
	uint64_t offered = q->init->flags;
	struct fuse_init_out out;

	if (q->size >= 4)
		offered |= (uint64_t)q->init->flags2 << 32;
	if (fuse_agree(&out, q, &terms) == 0)
		check(((out.flags | (uint64_t)out.flags2 << 32) & ~offered) == 0 &&
		      out.minor <= 38);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuse_in_header head;
	struct fuse_request q;
	uint8_t *copy = malloc(size ? size : 1); /* aligned, and no longer than it is */

	if (!copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	/* Most lengths would be wrong: give it the right one, unless its padding says not to. */
	if (size >= sizeof(head)) {
		memcpy(&head, copy, sizeof(head));
		head.len = head.padding ? head.len : (uint32_t)size;
		memcpy(copy, &head, sizeof(head));
	}
	if (fuse_decode(&q, copy, size) == 0) {
		const uint8_t *at = copy + sizeof(head);

		if (q.name)
			check((const uint8_t *)q.name >= at && strlen(q.name) > 0);
		check(q.name || !q.second);
		if (q.name && q.second)
			check(q.second == q.name + strlen(q.name) + 1 && strlen(q.second) > 0);
		check(q.data + q.size == copy + size && q.opcode < FUSE_OPCODES);
		if (q.opcode == FUSE_INIT)
			check_agreed(&q);
	}
	free(copy);
	return 0;
}
