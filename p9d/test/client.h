/* client.h: a small 9P client for tests: one request, one reply. */
#ifndef LANDBRIDGE_P9D_TEST_CLIENT_H
#define LANDBRIDGE_P9D_TEST_CLIENT_H

#include <sys/types.h>

#include "p9d/wire/wire.h"

#define CLIENT_BUFFER (P9_MSIZE_MAX + 4096)

struct client {
	int fd;
	pid_t server; /* 0: none of ours */
	uint32_t msize;
	uint16_t tag;
	uint8_t *out;
	uint8_t *in;
};

/* A server process on one end of a socket pair, this client on the other. */
void client_serve(struct client *c, const char *root);
/* The same with p9d_config.drive. */
void client_serve_drive(struct client *c, const char *root);
void client_connect(struct client *c, const char *path);
void client_on(struct client *c, int fd);
/* Closes, and the server must end by itself with status 0. */
void client_close(struct client *c);

void client_send(struct client *c, const struct p9_msg *t);
void client_send_raw(struct client *c, const void *data, size_t len);
/* False: the server has closed the connection. The reply's strings and data
 * live until the next receive. */
bool client_receive(struct client *c, struct p9_msg *r);
/* True when something arrives within so many ms. */
bool client_has_reply(struct client *c, int ms);
/* Sends with a tag of its own and receives. 0, or the error of an Rlerror. */
int client_call(struct client *c, struct p9_msg *t, struct p9_msg *r);

/* Fails with the call's text and both numbers. */
#define want(call, value)                                                  \
	do {                                                               \
		long got_ = (long)(call), want_ = (long)(value);           \
		if (got_ != want_)                                         \
			fail_msg("%s: %ld, want %ld", #call, got_, want_); \
	} while (0)

struct p9_str str_of(const char *text);

/* Shorthands; they return 0 or the server's errno. */
int c_version(struct client *c, const char *version, uint32_t msize);
int c_attach(struct client *c, uint32_t fid, uint32_t uid);
int c_walk(struct client *c, uint32_t fid, uint32_t newfid, const char *path);
int c_open(struct client *c, uint32_t fid, uint32_t flags);
int c_create(struct client *c, uint32_t fid, const char *name, uint32_t flags, uint32_t mode);
int c_mkdir(struct client *c, uint32_t fid, const char *name, uint32_t mode);
int c_clunk(struct client *c, uint32_t fid);
int c_getattr(struct client *c, uint32_t fid, struct p9_msg *r);
/* Bytes moved, or -errno. */
long c_read(struct client *c, uint32_t fid, uint64_t offset, void *buf, uint32_t count);
long c_write(struct client *c, uint32_t fid, uint64_t offset, const void *buf, uint32_t count);
int c_unlink(struct client *c, uint32_t fid, const char *name, uint32_t flags);

#endif
