/* wire.h: 9P2000.L and 9P2000.W messages as bytes and as structs, for servers
 * and clients. Pure: no system calls, no allocation, nothing but lib/bytes.h
 * underneath.
 *
 * A message on the wire is size[4] type[1] tag[2] body, little-endian, and
 * `size` counts itself. Strings are len[2] and bytes without a NUL.
 * Sources: Plan 9 manual section 5 (intro, walk, read, ...), the diod
 * project's protocol.md for the .L messages, and the Linux kernel's
 * include/net/9p/9p.h for the numbers. The .W messages (128..133) are the
 * compound operations of the Windows 9P redirector; those from 134 are ours.
 */
#ifndef LANDBRIDGE_P9D_WIRE_WIRE_H
#define LANDBRIDGE_P9D_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "p9d/wire/proto.h"

/* Bytes inside the message they came from; never NUL-terminated. */
struct p9_str {
	const char *at;
	uint16_t len;
};

struct p9_qid {
	uint8_t type;
	uint32_t version;
	uint64_t path;
};

struct p9_time {
	uint64_t sec;
	uint64_t nsec;
};

struct p9_attr {
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint64_t nlink;
	uint64_t rdev;
	uint64_t size;
	uint64_t blksize;
	uint64_t blocks;
	struct p9_time atime;
	struct p9_time mtime;
	struct p9_time ctime;
	struct p9_time btime;
	uint64_t gen;
	uint64_t data_version;
};

struct p9_statfs {
	uint32_t type;
	uint32_t bsize;
	uint64_t blocks;
	uint64_t bfree;
	uint64_t bavail;
	uint64_t files;
	uint64_t ffree;
	uint64_t fsid;
	uint32_t namelen;
};

/* One message, request or reply. Each type uses the members that its line in
 * wire.c's table lists; the others mean nothing. Where two fids or two names
 * occur: `fid` is what the request is about and `newfid` what it makes or the
 * other directory; `name` is the first name and `target` the second. */
struct p9_msg {
	uint8_t type;
	uint16_t tag;

	uint32_t fid;
	uint32_t newfid;
	uint32_t error;
	uint32_t msize;
	uint32_t uid;
	uint32_t gid;
	uint32_t mode;
	uint32_t flags;
	uint32_t wflags;
	uint32_t major;
	uint32_t minor;
	uint32_t iounit;
	uint32_t proc_id;
	uint32_t datasync;
	uint16_t oldtag;
	uint16_t walked;
	uint8_t lock_type;
	uint8_t status;
	uint64_t mask;   /* Tgetattr's request, Rgetattr's and Tsetattr's valid */
	uint64_t offset; /* of a file, of a lock's start, or a readdir cookie */
	uint64_t length;
	struct p9_str name;
	struct p9_str target;
	struct p9_qid qid;

	uint32_t count; /* wanted, or the length of data */
	const uint8_t *data;

	uint16_t name_count;
	struct p9_str names[P9_NAMES_MAX];
	uint16_t qid_count;
	struct p9_qid qids[P9_NAMES_MAX];

	struct p9_attr attr;
	struct p9_statfs statfs;
};

/* Reads one whole message of `len` bytes. `type` and `tag` are set whenever
 * len >= P9_HEADER. Strings and data point into `frame`. Returns 0, or
 * -EPROTO: the size field is not `len`, a field is cut, or bytes are left
 *    over (Tfsync without its last field is allowed: old clients omit it);
 * -EINVAL: more than 16 names in a walk;
 * -EOPNOTSUPP: no message has this type. */
int p9_decode(struct p9_msg *msg, const void *frame, size_t len);

/* The size of the message that begins at `at`, where `len` bytes have come so
 * far: more than len when its end is still to come, 0 when not even its size has
 * come. -EPROTO: no message is so small, or larger than max: nothing that comes
 * after can be told apart any more. */
int32_t p9_frame_size(const void *at, size_t len, uint32_t max);

/* Writes one message; its length, or -EMSGSIZE when it does not fit, or
 * -EOPNOTSUPP. Data that already lies at its place in `buf` is not copied. */
int p9_encode(const struct p9_msg *msg, void *buf, size_t size);

/* The name of a message type ("Twalk"), or NULL when there is none. */
const char *p9_type_name(uint8_t type);

/* Entries of Rreaddir and, with attributes, of Rwreaddir. put: false, and
 * nothing written, when the entry does not fit. get: false at the end, or
 * when the rest is malformed (then reader->bad). */
struct p9_dirent {
	struct p9_qid qid;
	uint64_t offset;
	uint8_t type; /* DT_* */
	struct p9_str name;
	struct p9_attr attr; /* Rwreaddir: the members up to ctime */
};
#define P9_DIRENT_HEADER 24
#define P9_DIRENT_ATTR 100
bool p9_dirent_put(struct writer *w, const struct p9_dirent *entry, bool with_attr);
bool p9_dirent_get(struct reader *r, struct p9_dirent *entry, bool with_attr);

/* Entries of Rwlist.
 *
 * Twlist asks for the directory to which `names` lead from `fid`, neither of which
 * need be open, from `offset` on; at most `count` bytes of entries. One of a file of
 * at most `length` bytes that is kept (Rwwatch) and may be read has its bytes, all of
 * them and as the attributes describe them; any other may have none. The reply's qid
 * is the directory's: it was being told of (P9_QTKEPT) before it was read. */
struct p9_listed {
	struct p9_dirent entry;
	uint32_t count; /* of its bytes, or P9_NO_BYTES */
	const uint8_t *bytes;
};
#define P9_LISTED_HEADER (P9_DIRENT_HEADER + P9_DIRENT_ATTR + 4) /* around name and bytes */
#define P9_LIST_TAIL 17                                          /* an Rwlist behind its entries */
/* put: false, and nothing written, when it does not fit. Bytes that already lie at
 * their place (p9_listed_place) are not copied. get: as p9_dirent_get. */
bool p9_listed_put(struct writer *w, const struct p9_listed *listed);
bool p9_listed_get(struct reader *r, struct p9_listed *listed);
/* Where the next entry's bytes go, and into *room how many; NULL: not one. */
uint8_t *p9_listed_place(const struct writer *w, uint16_t name_len, size_t *room);

/* Entries of Rwwatch: what others than the client have changed.
 *
 * Twwatch is answered by an empty Rwwatch, or by Rlerror where the server cannot
 * tell. From then on qids with P9_QTKEPT are a promise. Of a file: its attributes
 * and bytes, and that it has the name it was found by. Of a directory: its
 * attributes too, its listing, and which names are not in it. Before one of them
 * has been changed by others for as long as the server needed for any reply, that
 * is before that reply, the change is told by another Rwwatch of the same tag. So
 * whoever has the reply to a request of its own knows of all that was changed
 * before it asked. A reply may be older than a change that came before it: who
 * asked before and hears of the change meanwhile keeps nothing of the answer. */
struct p9_change {
	uint64_t dir;       /* its qid.path; with P9_CHANGE_ALL nothing */
	uint32_t what;      /* P9_CHANGE_*, one or several */
	uint32_t pair;      /* not 0: from where and to where, of one rename */
	struct p9_str name; /* in it; empty: the directory itself */
};
#define P9_CHANGE_HEADER 18
bool p9_change_put(struct writer *w, const struct p9_change *change);
bool p9_change_get(struct reader *r, struct p9_change *change);

#endif
