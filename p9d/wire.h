/* wire.h: 9P2000.L and 9P2000.W messages as bytes and as structs. Pure: no
 * system calls, no allocation, nothing but lib/bytes.h underneath.
 *
 * A message on the wire is size[4] type[1] tag[2] body, little-endian, and
 * `size` counts itself. Strings are len[2] and bytes without a NUL.
 * Sources: Plan 9 manual section 5 (intro, walk, read, ...), the diod
 * project's protocol.md for the .L messages, and the Linux kernel's
 * include/net/9p/9p.h for the numbers. The .W messages (128..133) are the
 * compound operations of the Windows 9P redirector.
 */
#ifndef LANDBRIDGE_P9D_WIRE_H
#define LANDBRIDGE_P9D_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bytes.h"

#define P9_NOTAG 0xffffu
#define P9_NOFID 0xffffffffu
#define P9_NOUID 0xffffffffu
#define P9_NAMES_MAX 16
#define P9_NAME_MAX 255
#define P9_HEADER 7         /* size, type, tag */
#define P9_DATA_HEADER 11   /* an Rread or Rreaddir up to its data */
#define P9_WRITE_HEADER 23  /* a Twrite up to its data */
#define P9_IO_HEADER 24     /* what clients leave room for around data */
#define P9_MSIZE_MIN 4096
#define P9_MSIZE_MAX (1u << 20)

enum p9_type {
	P9_RLERROR = 7,
	P9_TSTATFS = 8,
	P9_TLOPEN = 12,
	P9_TLCREATE = 14,
	P9_TSYMLINK = 16,
	P9_TMKNOD = 18,
	P9_TRENAME = 20,
	P9_TREADLINK = 22,
	P9_TGETATTR = 24,
	P9_TSETATTR = 26,
	P9_TXATTRWALK = 30,
	P9_TXATTRCREATE = 32,
	P9_TREADDIR = 40,
	P9_TFSYNC = 50,
	P9_TLOCK = 52,
	P9_TGETLOCK = 54,
	P9_TLINK = 70,
	P9_TMKDIR = 72,
	P9_TRENAMEAT = 74,
	P9_TUNLINKAT = 76,
	P9_TVERSION = 100,
	P9_TAUTH = 102,
	P9_TATTACH = 104,
	P9_TFLUSH = 108,
	P9_TWALK = 110,
	P9_TREAD = 116,
	P9_TWRITE = 118,
	P9_TCLUNK = 120,
	P9_TREMOVE = 122,
	P9_TACCESS = 128,
	P9_TWREADDIR = 130,
	P9_TWOPEN = 132,
	P9_TYPE_COUNT = 134, /* a reply's number is its request's plus one */
};

/* qid.type */
#define P9_QTDIR 0x80
#define P9_QTSYMLINK 0x02
#define P9_QTFILE 0x00

/* Tlopen and Tlcreate flags: the kernel's asm-generic numbers, on any CPU. */
#define P9_O_ACCMODE 03u
#define P9_O_RDONLY 00u
#define P9_O_WRONLY 01u
#define P9_O_RDWR 02u
#define P9_O_CREAT 0100u
#define P9_O_EXCL 0200u
#define P9_O_TRUNC 01000u
#define P9_O_APPEND 02000u
#define P9_O_DSYNC 010000u
#define P9_O_DIRECTORY 0200000u
#define P9_O_NOFOLLOW 0400000u
#define P9_O_NOATIME 01000000u
#define P9_O_SYNC 04000000u

/* Tgetattr mask and Rgetattr valid */
#define P9_ATTR_BASIC 0x7ffu
#define P9_ATTR_BTIME 0x800u
/* Tsetattr valid */
#define P9_SET_MODE 0x001u
#define P9_SET_UID 0x002u
#define P9_SET_GID 0x004u
#define P9_SET_SIZE 0x008u
#define P9_SET_ATIME 0x010u
#define P9_SET_MTIME 0x020u
#define P9_SET_CTIME 0x040u
#define P9_SET_ATIME_SET 0x080u
#define P9_SET_MTIME_SET 0x100u
#define P9_SET_ALL 0x1ffu

#define P9_REMOVEDIR 0x200u /* Tunlinkat */
enum p9_lock_type { P9_LOCK_READ = 0, P9_LOCK_WRITE = 1, P9_LOCK_NONE = 2 };
enum p9_lock_status { P9_LOCK_OK = 0, P9_LOCK_BLOCKED = 1, P9_LOCK_ERROR = 2 };
#define P9_LOCK_FLAG_BLOCK 1u
#define P9_LOCK_FLAG_RECLAIM 2u
/* Taccess */
#define P9_ACCESS_EXEC 1u
#define P9_ACCESS_WRITE 2u
#define P9_ACCESS_READ 4u
#define P9_ACCESS_DELETE 8u
/* Twopen */
#define P9_WOPEN_DELETE 1u   /* the right to delete is wanted too */
#define P9_WOPEN_NOT_DIR 2u  /* a directory is an error */
#define P9_WOPEN_LINK 4u     /* a symbolic link at the end is opened itself */
#define P9_WOPEN_ATTR_ONLY 3u /* access mode: attributes only, no real open */
enum p9_wopen_status {
	P9_WOPEN_OPENED,
	P9_WOPEN_CREATED,
	P9_WOPEN_NO_PARENT,
	P9_WOPEN_NO_LEAF,
	P9_WOPEN_STOPPED, /* at a symbolic link (target given) or a non-directory */
};

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
	uint64_t mask; /* Tgetattr's request, Rgetattr's and Tsetattr's valid */
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

#endif
