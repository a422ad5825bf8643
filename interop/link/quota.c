/* quota.c: who may have how many streams. */
#include "interop/link/quota.h"
#include "interop/link/router.h"

/* Running: served at one time, for whichever side opened them. Waiting: more
 * that may queue for a place. A user of the guest gets a share of ours, so that
 * nobody keeps the others out; root, who could end the broker, has no share. */
static const struct limit {
	uint16_t running, waiting;
	uint16_t user_running, user_waiting;
} limits[] = {
	[OPEN_PROGRAM] = { 64, 256, 48, 128 }, [OPEN_BYTES] = { 64, 0, 32, 0 },
	[OPEN_CONNECT] = { 128, 0, 64, 0 },    [OPEN_LISTEN] = { 32, 0, 16, 0 },
	[OPEN_EVENTS] = { 8, 0, 4, 0 },
};

enum {
	UNASKED_MAX = 128,                   /* endpoints that have asked for nothing */
	PAYLOADS_MAX = 32 * 1024 * 1024,     /* OPENs under way, all together */
	USER_PAYLOADS_MAX = 8 * 1024 * 1024, /* ... and one user's */
};

struct census {
	unsigned running, waiting;
	unsigned user_running, user_waiting;
};

static struct limit quota_of(uint32_t kind)
{
	return kind <= OPEN_KIND_LAST ? limits[kind] : (struct limit){ 0 };
}

static bool has_share(const struct stream *s)
{
	return s->ours && s->router->side == ROUTER_GUEST && s->uid != 0;
}

/* One of ours that has ended counts until its reader has taken the rest. */
static bool is_running(const struct stream *s)
{
	return s->state == STREAM_OPEN || (s->ours && s->state == STREAM_DRAIN);
}

/* The others of the stream's kind and direction. */
static struct census take_census(const struct stream *s)
{
	struct census c = { 0 };

	for (size_t i = 0; i < s->router->count; i++) {
		const struct stream *other = s->router->streams[i];
		bool same_user = other->uid == s->uid;

		if (other == s || other->ours != s->ours || other->kind != s->kind)
			continue;
		c.running += is_running(other);
		c.waiting += other->state == STREAM_WAITING;
		c.user_running += is_running(other) && same_user;
		c.user_waiting += other->state == STREAM_WAITING && same_user;
	}
	return c;
}

bool quota_place(const struct stream *s)
{
	const struct limit max = quota_of(s->kind);
	const struct census now = take_census(s);

	if (now.running + now.waiting >= max.running + max.waiting)
		return false;
	return !has_share(s) ||
	       now.user_running + now.user_waiting < max.user_running + max.user_waiting;
}

bool quota_start(const struct stream *s)
{
	const struct limit max = quota_of(s->kind);
	const struct census now = take_census(s);

	if (!s->ours) /* one that nobody knows is its owner's to refuse */
		return s->kind > OPEN_KIND_LAST || now.running < max.running;
	return !has_share(s) || now.user_running < max.user_running;
}

bool quota_payload(struct stream *s, size_t more)
{
	size_t all = more, users = more;

	for (size_t i = 0; i < s->router->count; i++) {
		const struct stream *other = s->router->streams[i];

		if (other->state > STREAM_WAITING && !other->opening)
			continue; /* it has gone out, or to its runner */
		all += other->open_size;
		users += other->ours == s->ours && other->uid == s->uid ? other->open_size : 0;
	}
	if (all > PAYLOADS_MAX || (has_share(s) && users > USER_PAYLOADS_MAX))
		return false;
	s->open_size += more;
	return true;
}

/* It has not asked yet, or has been refused and does not go. */
static bool is_unasked(const struct stream *s)
{
	return s->ours && !s->kind && !s->hung_up && s->state != STREAM_GONE;
}

static unsigned unasked_of(const struct router *r, uint32_t uid)
{
	unsigned count = 0;

	for (size_t i = 0; i < r->count; i++)
		count += is_unasked(r->streams[i]) && r->streams[i]->uid == uid;
	return count;
}

/* As p9d does with greetings: whoever has most of them loses the oldest. */
void quota_unasked(struct router *r)
{
	struct stream *victim = NULL;
	unsigned all = 0, most = 0;

	for (size_t i = 0; i < r->count; i++)
		all += is_unasked(r->streams[i]);
	for (size_t i = 0; i < r->count && all >= UNASKED_MAX; i++) {
		struct stream *s = r->streams[i];
		unsigned count = is_unasked(s) ? unasked_of(r, s->uid) : 0;

		if (count > most) {
			most = count;
			victim = s;
		}
	}
	if (!victim)
		return;
	if (victim->state == STREAM_NEW)
		stream_fail(victim, WHY_CROWD);
	endpoint_flush(victim); /* it is told, and not waited for */
	victim->state = STREAM_GONE;
}
