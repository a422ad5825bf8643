/* client.c: a small 9P client for tests. */
#include "p9d/test/client.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "p9d/p9d.h"

struct p9_str str_of(const char *text)
{
	return (struct p9_str){ text, (uint16_t)strlen(text) };
}

void client_on(struct client *c, int fd)
{
	assert_true(fd >= 0);
	*c = (struct client){
		.fd = fd,
		.msize = 8192,
		.out = malloc(CLIENT_BUFFER),
		.in = malloc(CLIENT_BUFFER),
	};
	assert_true(c->out && c->in);
}

static void serve(struct client *c, const struct p9d_config *config)
{
	int pair[2] = { -1, -1 };

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	client_on(c, pair[0]);
	c->server = fork();
	if (c->server == 0) {
		close(pair[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGSEGV, SIG_DFL); /* cmocka's handlers are for tests */
		signal(SIGBUS, SIG_DFL);
		_exit(p9d_serve(config, pair[1], false) == 0 ? 0 : 1);
	}
	close(pair[1]);
}

void client_serve(struct client *c, const char *root)
{
	const struct p9d_config config = { .root = root, .umask = 022 };

	serve(c, &config);
}

void client_serve_drive(struct client *c, const char *root)
{
	const struct p9d_config config = { .root = root, .drive = true };

	serve(c, &config);
}

void client_connect(struct client *c, const char *path)
{
	client_on(c, unix_connect(path));
}

void client_close(struct client *c)
{
	int status = 0;

	fd_close(&c->fd);
	free(c->out);
	free(c->in);
	if (c->server) {
		assert_int_equal(waitpid(c->server, &status, 0), c->server);
		assert_int_equal(status, 0);
	}
}

void client_send_raw(struct client *c, const void *data, size_t len)
{
	assert_int_equal(fd_write_all(c->fd, data, len), 0);
}

void client_send(struct client *c, const struct p9_msg *t)
{
	int len = p9_encode(t, c->out, CLIENT_BUFFER);

	assert_true(len > 0);
	client_send_raw(c, c->out, (size_t)len);
}

bool client_has_reply(struct client *c, int ms)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

bool client_receive(struct client *c, struct p9_msg *r)
{
	struct reader reader;
	uint32_t size;

	memset(r, 0, sizeof(*r));
	if (fd_read_full(c->fd, c->in, 4) != 4)
		return false;
	reader_init(&reader, c->in, 4);
	size = read_u32(&reader);
	assert_in_range(size, P9_HEADER, c->msize);
	assert_int_equal(fd_read_full(c->fd, c->in + 4, size - 4), size - 4);
	assert_int_equal(p9_decode(r, c->in, size), 0);
	return true;
}

int client_call(struct client *c, struct p9_msg *t, struct p9_msg *r)
{
	c->tag = c->tag == P9_NOTAG - 1 ? 1 : c->tag + 1;
	t->tag = c->tag;
	client_send(c, t);
	assert_true(client_receive(c, r));
	assert_int_equal(r->tag, t->tag);
	if (r->type == P9_RLERROR)
		return (int)r->error;
	assert_int_equal(r->type, t->type + 1);
	return 0;
}

int c_version(struct client *c, const char *version, uint32_t msize)
{
	struct p9_msg t = { .type = P9_TVERSION, .msize = msize, .name = str_of(version) };
	struct p9_msg r;
	int err = client_call(c, &t, &r);

	if (!err)
		c->msize = r.msize;
	if (!err &&
	    (!r.name.at || r.name.len != t.name.len || memcmp(r.name.at, version, r.name.len) != 0))
		return EPROTONOSUPPORT;
	return err;
}

int c_attach(struct client *c, uint32_t fid, uint32_t uid)
{
	struct p9_msg t = {
		.type = P9_TATTACH,
		.fid = fid,
		.newfid = P9_NOFID,
		.uid = uid,
	};
	struct p9_msg r;

	return client_call(c, &t, &r);
}

/* A path with '/' between its names; "" clones. ENOENT for half a walk. */
int c_walk(struct client *c, uint32_t fid, uint32_t newfid, const char *path)
{
	struct p9_msg t = { .type = P9_TWALK, .fid = fid, .newfid = newfid };
	struct p9_msg r;
	int err;

	while (*path) {
		uint16_t len = (uint16_t)strcspn(path, "/");

		t.names[t.name_count++] = (struct p9_str){ path, len };
		path += len + (path[len] == '/');
	}
	err = client_call(c, &t, &r);
	return err ? err : r.qid_count == t.name_count ? 0 : ENOENT;
}

int c_open(struct client *c, uint32_t fid, uint32_t flags)
{
	struct p9_msg t = { .type = P9_TLOPEN, .fid = fid, .flags = flags };
	struct p9_msg r;

	return client_call(c, &t, &r);
}

int c_create(struct client *c, uint32_t fid, const char *name, uint32_t flags, uint32_t mode)
{
	struct p9_msg t = {
		.type = P9_TLCREATE,
		.fid = fid,
		.name = str_of(name),
		.flags = flags,
		.mode = mode,
		.gid = getegid(),
	};
	struct p9_msg r;

	return client_call(c, &t, &r);
}

int c_mkdir(struct client *c, uint32_t fid, const char *name, uint32_t mode)
{
	struct p9_msg t = {
		.type = P9_TMKDIR,
		.fid = fid,
		.name = str_of(name),
		.mode = mode,
		.gid = getegid(),
	};
	struct p9_msg r;

	return client_call(c, &t, &r);
}

int c_clunk(struct client *c, uint32_t fid)
{
	struct p9_msg t = { .type = P9_TCLUNK, .fid = fid };
	struct p9_msg r;

	return client_call(c, &t, &r);
}

int c_getattr(struct client *c, uint32_t fid, struct p9_msg *r)
{
	struct p9_msg t = { .type = P9_TGETATTR, .fid = fid, .mask = P9_ATTR_BASIC };

	return client_call(c, &t, r);
}

long c_read(struct client *c, uint32_t fid, uint64_t offset, void *buf, uint32_t count)
{
	struct p9_msg t = { .type = P9_TREAD, .fid = fid, .offset = offset, .count = count };
	struct p9_msg r;
	int err = client_call(c, &t, &r);

	if (err)
		return -err;
	assert_true(r.count <= count);
	if (r.count)
		memcpy(buf, r.data, r.count);
	return r.count;
}

long c_write(struct client *c, uint32_t fid, uint64_t offset, const void *buf, uint32_t count)
{
	struct p9_msg t = {
		.type = P9_TWRITE,
		.fid = fid,
		.offset = offset,
		.count = count,
		.data = buf,
	};
	struct p9_msg r;
	int err = client_call(c, &t, &r);

	return err ? -err : (long)r.count;
}

int c_unlink(struct client *c, uint32_t fid, const char *name, uint32_t flags)
{
	struct p9_msg t = {
		.type = P9_TUNLINKAT,
		.fid = fid,
		.name = str_of(name),
		.flags = flags,
	};
	struct p9_msg r;

	return client_call(c, &t, &r);
}
