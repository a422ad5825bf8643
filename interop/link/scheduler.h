/* scheduler.h: queued bytes become frames again, in the right order (private).
 */
#ifndef LANDBRIDGE_INTEROP_LINK_SCHEDULER_H
#define LANDBRIDGE_INTEROP_LINK_SCHEDULER_H

#include "interop/link/queue.h"
#include "interop/wire/wire.h"

struct router;
struct stream;

/* Each puts what it can into queue and flight; -ENOMEM. */
int schedule_connection(struct router *r);
int schedule_endpoint(struct stream *s);
int schedule_frame(struct queue *q, const struct frame *f, const void *payload);
int schedule_failed(struct queue *q, uint32_t id, const struct failed *why);
bool schedule_pending(const struct stream *s);
/* Before the link forgets a stream: a frame of its bytes that has begun to leave goes
 * on, one that has not does not begin. */
void schedule_unlink(struct stream *s);
/* Before a stream's flows are emptied: the same, and for its endpoint, too. */
void schedule_release(struct stream *s);

#endif
