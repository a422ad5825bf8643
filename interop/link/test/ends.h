/* ends.h: what the router tests are made of: sockets that speak frames, and
 * two routers in one loop with a link between them that can be cut.
 */
#ifndef LANDBRIDGE_INTEROP_LINK_TEST_ENDS_H
#define LANDBRIDGE_INTEROP_LINK_TEST_ENDS_H

#include "interop/link/dialer.h"
#include "interop/link/queue.h"
#include "lib/lib.h"

/* One end of a socket that carries frames: of a stream, or of the link. */
struct end {
	struct watch watch;
	struct loop *loop;
	struct queue in, out;
	bool eof;           /* the other side hung up */
	bool generous;      /* gives credit back for all DATA at once */
	bool deaf;          /* does not read */
	size_t data[3];     /* bytes of DATA so far */
	uint8_t sum[3];     /* of those bytes */
	uint64_t credit[3]; /* given to us in CREDIT_ADD */
	unsigned seen[32];  /* frames of each type */
	bool ended[3];      /* EOF seen */
	size_t biggest;     /* payload */
	struct frame first, last;
	uint8_t payload[4096]; /* of the last frame but DATA, cut */
	struct open launch;    /* of the last OPEN; open_bytes holds it */
	struct queue open_bytes;
	struct failed failed;
	uint32_t exit;
	void (*on_frame)(struct end *end, const struct frame *f, const uint8_t *payload);
	void *owner;
};

void end_open(struct end *end, struct loop *loop, int fd);
void end_close(struct end *end);
void end_send(struct end *end, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
	      size_t len);
void end_send_bytes(struct end *end, const void *data, size_t len);
void end_send_u32(struct end *end, uint8_t type, uint8_t flags, uint32_t stream, uint32_t v);
void end_hello(struct end *end, const void *epoch, const void *echo);
/* HELLO and an OPEN of this program. */
void end_launch(struct end *end, const char *program);
/* HELLO and an OPEN of this kind, with one string field (value NULL: none). */
void end_ask(struct end *end, uint32_t kind, enum open_tag tag, const char *value);
/* DATA frames of `len` bytes in all, as big as they may be. */
void end_data(struct end *end, uint8_t fd, size_t len);
/* Both EOFs and EXIT. */
void end_exit(struct end *end, uint32_t code);
void end_hear(struct end *end, bool on);
/* It has heard how its program ended, or why there is none. */
bool end_done(const struct end *end);

/* Two routers. Each dial waits for the next descriptor, side_plug's. */
struct side {
	struct pair *pair;
	struct router *router;
	struct dialer dialer;
	int next;          /* -1: none yet */
	int link;          /* what next was last */
	unsigned refusals; /* and the last one's error */
	int refused;
	bool up;
	unsigned ups, downs;
	uint32_t features; /* of the other side's HELLO, as below */
	char host_path[64];
	uint64_t time; /* that it was told last */
	unsigned times;
	bool shutdown;
	int refuse;        /* code with which accept refuses */
	bool forbid;       /* permit refuses */
	struct open asked; /* what permit was asked last; its strings are gone */
	int served;        /* the far end of the last raw stream, or -1 */
	char service[32];  /* that it asked for */
	struct end *jobs[400];
	size_t job_count;
	void (*on_job_frame)(struct end *end, const struct frame *f, const uint8_t *payload);
};

enum { PAIR_ENDS = 400 };

struct pair {
	struct loop loop;
	struct side guest, host;
	struct end *ends; /* of those who open streams; `count` of at most PAIR_ENDS */
	size_t count;
	int fds; /* open before there was a pair */
	struct timer tick;
	int64_t deadline;
	bool (*until)(struct pair *pair);
	bool met;
	void *test;
};

/* From now on the links of all pairs are under TLS, or no longer. */
void pair_seal(bool on);

void pair_init(struct pair *pair);
/* Closes its ends too. Returns how many descriptors are left open since pair_init. */
int pair_fini(struct pair *pair);
void pair_side(struct pair *pair, enum router_side side);
/* What the side dials next, or is waiting for. */
void side_plug(struct side *side, int fd);
/* Gives both sides a fresh socket pair, and has them dial it. */
void pair_connect(struct pair *pair);
/* Runs the loop until the condition holds: false after ms. */
bool pair_run(struct pair *pair, bool (*until)(struct pair *pair), int64_t ms);
void pair_up(struct pair *pair);
/* One more of its ends. */
struct end *pair_end(struct pair *pair);
/* A new endpoint of a side: the other end of it. */
struct end *pair_endpoint(struct side *side, uint32_t uid);
/* The same for one whose OPEN of a program is there already. */
struct end *pair_asking(struct side *side, uint32_t uid, const char *program);
/* All of its ends are done. */
bool pair_done(struct pair *pair);
/* Cuts the link under both sides. */
void pair_cut(struct pair *pair);

/* A job (on_job_frame) that says STARTED, some bytes each way, and ends with 6. */
void job_answers(struct end *job, const struct frame *f, const uint8_t *payload);

int fds_open(void);

#endif
