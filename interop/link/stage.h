/* stage.h: queued bytes become frames again, in the right order (private).
 */
#ifndef LANDBRIDGE_INTEROP_LINK_STAGE_H
#define LANDBRIDGE_INTEROP_LINK_STAGE_H

#include "interop/link/queue.h"
#include "interop/wire/wire.h"

struct router;
struct stream;

/* Each puts what it can into queue and flight; -ENOMEM. */
int stage_trunk(struct router *r);
int stage_endpoint(struct stream *s);
int stage_frame(struct queue *q, const struct frame *f, const void *payload);
int stage_failed(struct queue *q, uint32_t id, const struct failed *why);
bool stage_pending(const struct stream *s);
/* Before a stream's lanes are emptied: frames that have begun to leave go on. */
void stage_release(struct stream *s);

#endif
