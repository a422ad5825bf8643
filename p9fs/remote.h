/* remote.h: the client's end of one 9P connection. Private to p9fs.
 *
 * Many calls are under way at once, each with a tag; replies come in any
 * order. Nothing blocks but remote_start: what the socket does not take waits
 * here, and whoever makes calls first asks remote_busy, so that it stays little.
 * The server's bytes are not trusted: a frame that is too large, cut, of a tag
 * nobody waits for or of another type than was asked for breaks the connection.
 *
 * Source: Plan 9 manual section 5 (intro, flush, version), p9d/wire.h.
 */
#ifndef LANDBRIDGE_P9FS_REMOTE_H
#define LANDBRIDGE_P9FS_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "p9d/wire/wire.h"

enum {
	REMOTE_IO = P9_MSIZE_MAX - 4096, /* bytes of a file in one message */
	REMOTE_MSIZE = REMOTE_IO + P9_IO_HEADER,
	REMOTE_TAGS = 4096,
	REMOTE_CALLS = 256, /* more are under way: remote_busy */
	REMOTE_START_MS = 10000,
};

/* One request and what is done with its reply: with `r->type` the reply's, or
 * P9_RLERROR and r->error an errno number (ENOTCONN: the connection ended).
 * The call is over when it is called: the memory is the owner's again. */
struct remote_call {
	void (*done)(struct remote_call *call, const struct p9_msg *r);
	uint64_t serial; /* of all calls of the connection */
	uint16_t tag;
	uint8_t type;
};

struct fids {
	uint32_t *at;
	size_t count, size;
};

struct remote {
	int fd;
	uint32_t msize;
	int error; /* negative errno once it broke */
	struct remote_call *calls[REMOTE_TAGS];
	unsigned call_count;
	uint16_t next_tag;
	uint64_t serial;
	uint8_t *in; /* REMOTE_MSIZE bytes */
	size_t in_used;
	uint8_t *out; /* what the socket has not taken yet */
	size_t out_size, out_used, out_sent;
	struct fids free; /* below next_fid */
	struct fids late; /* to be clunked when there is a tag for it */
	uint32_t next_fid;
};

struct remote_hello {
	const char *user; /* NULL: the server's choice */
	const char *tree; /* NULL: "/" */
	/* A Twwatch to be sent before; NULL: none. It is done with an Rlerror; each Rwwatch
	 * before that is a reply too, and does not end it. */
	struct remote_call *watch;
};

/* A C string in place, of at most 65535 bytes. */
struct p9_str p9_text(const char *text);

/* Owns fd, a connected stream socket, in any case. 0 or negative errno. */
int remote_init(struct remote *remote, int fd);
void remote_fini(struct remote *remote);

/* Agrees on 9P2000.W and a message size and attaches a tree on fid 0; *root is its qid.path. Waits
 * REMOTE_START_MS at most.
 * 0; -EPROTONOSUPPORT: no such dialect; -ETIMEDOUT; -ENOTCONN: it hung up; what the
 * server answered to the attach. */
int remote_start(struct remote *remote, const struct remote_hello *hello, uint64_t *root);

/* Sends a request; `t` may point at anything, it is copied. The tag is chosen
 * here. 0, or negative errno, and then the call is not under way: -ENOTCONN,
 * -EAGAIN: no tag left, -EMSGSIZE, -ENOMEM. */
int remote_call(struct remote *remote, struct remote_call *call, struct p9_msg *t);
/* Enough is under way, or waits for the socket: no new work now. */
bool remote_busy(const struct remote *remote);
/* Wants to write: poll for it, then remote_write. */
bool remote_pending(const struct remote *remote);

/* Sends and receives what goes without waiting. 0, or negative errno: the
 * connection is over and remote_fail was called. */
int remote_write(struct remote *remote);
int remote_read(struct remote *remote);
/* Gives the memory of what was sent and received back to the kernel, where all was. */
void remote_rest(struct remote *remote);
/* Takes bytes as if the socket had brought them. -EPROTO. */
int remote_feed(struct remote *remote, const void *data, size_t len);
/* Ends one call with `r` if it is still under way: the server said that it will not
 * answer it (Rflush). */
void remote_give_up(struct remote *remote, uint16_t tag, uint64_t serial, const struct p9_msg *r);
/* Ends every call that is under way with ENOTCONN, and refuses new ones. */
void remote_fail(struct remote *remote, int error);

/* A number for a new fid; and one that is free again, never used or clunked. */
uint32_t remote_fid(struct remote *remote);
void remote_fid_free(struct remote *remote, uint32_t fid);
/* Clunks a fid; its number is free when the server has done it. */
void remote_clunk(struct remote *remote, uint32_t fid);

#endif
