/* remote.c: 9P messages out, replies to whoever waits for them. */
#include "p9fs/remote.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/lib.h"
#include "p9fs/pages.h"

#define DIALECT "9P2000.W"

int remote_init(struct remote *remote, int fd)
{
	int err = fd_set_nonblock(fd);

	*remote = (struct remote){ .fd = fd, .msize = REMOTE_MSIZE, .next_fid = 1 };
	remote->in = malloc(REMOTE_MSIZE);
	if (!remote->in)
		err = -ENOMEM;
	if (err < 0)
		remote_fini(remote);
	return err;
}

void remote_fini(struct remote *remote)
{
	remote_fail(remote, -ENOTCONN);
	free(remote->in);
	free(remote->out);
	free(remote->free.at);
	free(remote->late.at);
	remote->in = remote->out = NULL;
	remote->free = remote->late = (struct fids){ 0 };
	fd_close(&remote->fd);
}

/* --- sending ------------------------------------------------------------------ */

/* Room for `len` more bytes behind those that wait. */
static int out_reserve(struct remote *remote, size_t len)
{
	size_t size = remote->out_size ? remote->out_size : REMOTE_MSIZE;
	uint8_t *grown;

	if (remote->out_sent == remote->out_used)
		remote->out_sent = remote->out_used = 0;
	while (size < remote->out_used + len)
		size *= 2;
	if (size == remote->out_size)
		return 0;
	grown = realloc(remote->out, size);
	if (!grown)
		return -ENOMEM;
	remote->out = grown;
	remote->out_size = size;
	return 0;
}

static int tag_take(struct remote *remote)
{
	for (unsigned i = 0; i < REMOTE_TAGS; i++) {
		unsigned tag = (remote->next_tag + i) % REMOTE_TAGS;

		if (!remote->calls[tag]) {
			remote->next_tag = (uint16_t)(tag + 1);
			return (int)tag;
		}
	}
	return -EAGAIN;
}

int remote_call(struct remote *remote, struct remote_call *call, struct p9_msg *t)
{
	int tag = remote->error ? -ENOTCONN : tag_take(remote);
	int len = tag < 0 ? tag : out_reserve(remote, remote->msize);

	if (len < 0)
		return len;
	t->tag = call->tag = (uint16_t)tag;
	call->type = t->type;
	call->serial = ++remote->serial;
	len = p9_encode(t, remote->out + remote->out_used, remote->msize);
	if (len < 0)
		return len;
	remote->out_used += (size_t)len;
	remote->calls[tag] = call;
	remote->call_count++;
	return 0;
}

bool remote_pending(const struct remote *remote)
{
	return remote->out_sent < remote->out_used;
}

bool remote_busy(const struct remote *remote)
{
	return remote_pending(remote) || remote->call_count >= REMOTE_CALLS;
}

/* However a peer went, it is gone. */
static int socket_error(int error)
{
	return error == ECONNRESET || error == EPIPE ? -ENOTCONN : -error;
}

int remote_write(struct remote *remote)
{
	while (!remote->error && remote_pending(remote)) {
		ssize_t n = send(remote->fd, remote->out + remote->out_sent,
				 remote->out_used - remote->out_sent, MSG_NOSIGNAL);

		if (n >= 0)
			remote->out_sent += (size_t)n;
		else if (errno == EAGAIN)
			return 0;
		else if (errno != EINTR)
			remote_fail(remote, socket_error(errno));
	}
	return remote->error;
}

/* --- receiving ------------------------------------------------------------------ */

static void call_end(struct remote *remote, struct remote_call *call, const struct p9_msg *r)
{
	remote->calls[call->tag] = NULL;
	remote->call_count--;
	call->done(call, r);
}

void remote_give_up(struct remote *remote, uint16_t tag, uint64_t serial, const struct p9_msg *r)
{
	struct remote_call *call = remote->calls[tag];

	if (call && call->serial == serial)
		call_end(remote, call, r);
}

void remote_fail(struct remote *remote, int error)
{
	const struct p9_msg r = { .type = P9_RLERROR, .error = ENOTCONN };

	if (remote->error)
		return;
	remote->error = error;
	remote->out_used = remote->out_sent = 0;
	for (unsigned tag = 0; remote->call_count && tag < REMOTE_TAGS; tag++)
		if (remote->calls[tag])
			call_end(remote, remote->calls[tag], &r);
}

/* What a caller may see: 512 and up are the kernel's words to itself (to FUSE,
 * to do it all again), and ENOSYS would have it never ask for the like again. */
static uint32_t error_to_show(uint32_t error)
{
	if (error == ENOSYS)
		return EOPNOTSUPP;
	return error == 0 || error > EHWPOISON ? EIO : error;
}

static int reply_take(struct remote *remote, const uint8_t *frame, size_t len)
{
	struct p9_msg r;
	struct remote_call *call;

	if (p9_decode(&r, frame, len) < 0 || r.tag >= REMOTE_TAGS)
		return -EPROTO;
	call = remote->calls[r.tag];
	if (!call || (r.type != call->type + 1 && r.type != P9_RLERROR))
		return -EPROTO;
	if (r.type == P9_RLERROR)
		r.error = error_to_show(r.error);
	call_end(remote, call, &r);
	return 0;
}

/* Passes on the whole frames of what was received, and keeps the rest. */
static int frames_take(struct remote *remote)
{
	size_t at = 0;
	int err = 0;

	while (!err && !remote->error) {
		int32_t size = p9_frame_size(remote->in + at, remote->in_used - at, remote->msize);

		if (size < 0)
			err = (int)size;
		if (size <= 0 || (size_t)size > remote->in_used - at)
			break;
		err = reply_take(remote, remote->in + at, (size_t)size);
		at += (size_t)size;
	}
	remote->in_used -= at;
	memmove(remote->in, remote->in + at, remote->in_used);
	return err;
}

int remote_feed(struct remote *remote, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	int err = remote->error;

	while (!err && len > 0) {
		size_t n =
			REMOTE_MSIZE - remote->in_used < len ? REMOTE_MSIZE - remote->in_used : len;

		memcpy(remote->in + remote->in_used, bytes, n);
		remote->in_used += n;
		bytes += n;
		len -= n;
		err = frames_take(remote);
	}
	if (err)
		remote_fail(remote, err);
	return err;
}

int remote_read(struct remote *remote)
{
	while (!remote->error) {
		ssize_t n = recv(remote->fd, remote->in + remote->in_used,
				 REMOTE_MSIZE - remote->in_used, 0);
		int err = n == 0 ? -ENOTCONN : 0;

		if (n > 0) {
			remote->in_used += (size_t)n;
			err = frames_take(remote);
		} else if (n < 0 && errno == EAGAIN) {
			return 0;
		} else if (n < 0 && errno != EINTR) {
			err = socket_error(errno);
		}
		if (err)
			remote_fail(remote, err);
	}
	return remote->error;
}

void remote_rest(struct remote *remote)
{
	if (remote->in_used == 0)
		pages_rest(remote->in, REMOTE_MSIZE);
	if (!remote_pending(remote))
		pages_rest(remote->out, remote->out_size);
}

/* --- the start -------------------------------------------------------------------- */

struct wait {
	struct remote_call call;
	struct p9_msg *r; /* its strings point into the connection's buffer: not for long */
	bool over;
};

static void wait_over(struct remote_call *call, const struct p9_msg *r)
{
	struct wait *w = container_of(call, struct wait, call);

	*w->r = *r;
	w->over = true;
}

static int wait_reply(struct remote *remote, struct p9_msg *t, struct p9_msg *r)
{
	int64_t end = loop_now() + REMOTE_START_MS;
	struct wait w = { .call = { .done = wait_over }, .r = r };
	int err = remote_call(remote, &w.call, t);

	*r = (struct p9_msg){ .type = P9_RLERROR, .error = ENOTCONN };
	while (!err && !w.over) {
		struct pollfd p = { .fd = remote->fd,
				    .events = (short)(POLLIN |
						      (remote_pending(remote) ? POLLOUT : 0)) };
		int64_t left = end - loop_now();

		if (left <= 0 || (poll(&p, 1, (int)left) < 0 && errno != EINTR))
			err = -ETIMEDOUT;
		if (!err && (remote_write(remote) < 0 || remote_read(remote) < 0))
			break;
	}
	if (err)
		remote_fail(remote, err);
	else if (r->type == P9_RLERROR) /* which may be remote_fail's own: why tells more */
		err = r->error == ENOTCONN && remote->error ? remote->error : -(int)r->error;
	return err;
}

struct p9_str p9_text(const char *text)
{
	return (struct p9_str){ text, (uint16_t)strlen(text) };
}

int remote_start(struct remote *remote, const char *user, const char *tree, uint64_t *root)
{
	struct p9_msg t = { .type = P9_TVERSION, .msize = REMOTE_MSIZE, .name = p9_text(DIALECT) },
		      r;
	int err = wait_reply(remote, &t, &r);

	if (err)
		return err;
	if (r.name.len != strlen(DIALECT) || memcmp(r.name.at, DIALECT, r.name.len) != 0)
		return -EPROTONOSUPPORT;
	if (r.msize < P9_MSIZE_MIN + P9_IO_HEADER || r.msize > REMOTE_MSIZE)
		return -EPROTO;
	t = (struct p9_msg){ .type = P9_TATTACH,
			     .fid = 0,
			     .newfid = P9_NOFID,
			     .name = p9_text(user ? user : ""),
			     .target = p9_text(tree ? tree : "/"),
			     .uid = P9_NOUID };
	remote->msize = r.msize;
	err = wait_reply(remote, &t, &r);
	*root = r.qid.path;
	return err;
}

/* --- fids ---------------------------------------------------------------------------- */

static void fids_push(struct fids *fids, uint32_t fid)
{
	size_t size = fids->size ? 2 * fids->size : 64;
	uint32_t *grown;

	if (fids->count == fids->size) {
		grown = realloc(fids->at, size * sizeof(*grown));
		if (!grown)
			return; /* the number is lost, that is all */
		fids->at = grown;
		fids->size = size;
	}
	fids->at[fids->count++] = fid;
}

uint32_t remote_fid(struct remote *remote)
{
	return remote->free.count ? remote->free.at[--remote->free.count] : remote->next_fid++;
}

void remote_fid_free(struct remote *remote, uint32_t fid)
{
	fids_push(&remote->free, fid);
}

struct clunk {
	struct remote_call call;
	struct remote *remote;
	uint32_t fid;
};

static void clunk_done(struct remote_call *call, const struct p9_msg *r)
{
	struct clunk *clunk = container_of(call, struct clunk, call);
	struct remote *remote = clunk->remote;

	(void)r; /* a fid is gone after Tclunk, whatever the answer */
	if (!remote->error)
		remote_fid_free(remote, clunk->fid);
	free(clunk);
	if (remote->late.count && !remote->error)
		remote_clunk(remote, remote->late.at[--remote->late.count]);
}

/* The kernel can forget more files at once than there are tags. */
void remote_clunk(struct remote *remote, uint32_t fid)
{
	struct p9_msg t = { .type = P9_TCLUNK, .fid = fid };
	struct clunk *clunk = malloc(sizeof(*clunk));
	int err = -ENOMEM;

	if (clunk) {
		*clunk = (struct clunk){ { .done = clunk_done }, remote, fid };
		err = remote_call(remote, &clunk->call, &t);
	}
	if (err < 0) {
		free(clunk);
		fids_push(&remote->late, fid);
	}
}
