/* quota.h: who may have how many streams (private). doc/PROTOCOL section 11. */
#ifndef LANDBRIDGE_INTEROP_LINK_QUOTA_H
#define LANDBRIDGE_INTEROP_LINK_QUOTA_H

#include <stdbool.h>
#include <stddef.h>

struct router;
struct stream;

/* Whether the payload of its OPEN may grow by so much; counts it if so. */
bool quota_payload(struct stream *s, size_t more);
/* Whether a stream whose OPEN is complete has a place. */
bool quota_place(const struct stream *s);
/* Whether one that waits may run now. */
bool quota_start(const struct stream *s);
/* Before one more endpoint comes: where too many have asked for nothing, the
 * oldest of whoever has most of them is told so and let go. */
void quota_unasked(struct router *r);

#endif
