/* wire.h: the border protocol's frames and messages. doc/PROTOCOL is the
 * normative text; this is the same in C.
 *
 * Pure: bytes in, struct out and back; no system calls, no allocation, no
 * state. Decoded strings point into the caller's bytes and are NUL-terminated
 * on the wire, so they can be used as C strings; a decoder refuses what is
 * not. Every decoder checks sizes first and returns 0 or -EPROTO.
 *
 * A connection carries frames. A frame is a 12-byte little-endian header
 *     u32 length (of the payload)  u8 type  u8 flags  u16 0  u32 stream
 * and the payload. Stream 0 is the connection itself. The guest opens odd
 * streams, the host even ones. A connection that carries one stream only
 * (a unix socket between a program and its router, one vsock connection) uses
 * stream 1 whoever opened it.
 */
#ifndef LANDBRIDGE_INTEROP_WIRE_H
#define LANDBRIDGE_INTEROP_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bytes.h"

enum {
	WIRE_VERSION = 2,
	WIRE_HEADER = 12,
	WIRE_DATA_MAX = 64 * 1024,       /* payload of one DATA frame */
	WIRE_OPEN_MAX = 4 * 1024 * 1024, /* payload of an OPEN, all its pieces together */
	WIRE_PIECE_MAX = 64 * 1024,      /* payload of any frame on a link of many streams */
	WIRE_CONTROL_MAX = 64 * 1024,    /* payload of HELLO */
	WIRE_FAILED_MAX = 1024,          /* payload of FAILED */
	WIRE_CREDIT = 256 * 1024,      /* what each stream's fd may send before the first CREDIT */
	WIRE_CREDIT_MAX = 1024 * 1024, /* credit and unread bytes together, once it has grown */
	WIRE_OPEN_STRINGS = 32 * 1024, /* ARG plus ENV fields of one OPEN */
	WIRE_STRING_MAX = 128 * 1024,  /* one string of an OPEN, its NUL counted (execve(2)) */
	WIRE_NAME_MAX = 255,           /* a service's name, an address */
	WIRE_STREAM_ONLY = 1,          /* the stream of a connection with one stream */
	WIRE_EPOCH = 16,
	WIRE_HELLO_MIN = 48, /* payload of a HELLO without fields */
};

enum wire_type {
	WIRE_HELLO = 1,       /* stream 0: struct hello */
	WIRE_PING = 2,        /* stream 0: empty; answered by PONG at once */
	WIRE_PONG = 3,        /* stream 0: empty */
	WIRE_SHUTDOWN = 4,    /* stream 0, host -> guest: power the guest off */
	WIRE_OPEN = 16,       /* opens a stream: struct open; flags: WIRE_MORE */
	WIRE_STARTED = 17,    /* u32 pid, u32 subsystem (enum wire_subsystem) */
	WIRE_FAILED = 18,     /* struct failed; the stream is over */
	WIRE_DATA = 19,       /* flags = fd; bytes; spends the fd's credit */
	WIRE_EOF = 20,        /* flags = fd; empty; no DATA for fd follows */
	WIRE_CLOSED = 21,     /* flags = fd; empty; nobody reads fd any more */
	WIRE_CREDIT_ADD = 22, /* flags = fd; u32: so many more bytes of fd may be sent */
	WIRE_CONSUMED = 23,   /* u64: bytes of stdin the program has taken for sure, in total */
	WIRE_WINSZ = 24,      /* u16 rows, u16 cols */
	WIRE_SIGNAL = 25,     /* u32 signal, Linux's numbers */
	WIRE_EXIT = 26,       /* flags = enum wire_exit; u32 code; last frame of the stream */
	WIRE_ABORT = 27,      /* empty; the opener is gone: kill the job; the stream is over */
};

/* OPEN: the payload goes on in the next OPEN frame of the same stream.
 * Only routers do that, on a link of many streams, where no frame may keep the
 * others waiting for more than WIRE_PIECE_MAX. Everywhere else it is 0. */
enum { WIRE_MORE = 1 };

enum wire_subsystem { WIRE_NATIVE = 0, WIRE_GUI = 2, WIRE_CONSOLE = 3 }; /* as in PE headers */
enum wire_exit { WIRE_EXITED = 0, WIRE_SIGNALLED = 1 }; /* code = exit code / signal number */

/* Landbridge's own exit statuses, as FAILED carries them. */
/* Of struct failed: the host cannot use CWD (Windows' ERROR_DIRECTORY). */
enum { WIRE_ERROR_DIRECTORY = 267 };

enum { WIRE_FAIL_BRIDGE = 125, WIRE_FAIL_NOT_RUN = 126, WIRE_FAIL_NOT_FOUND = 127 };

/* A string in place; `at` is NUL-terminated, len does not count the NUL. */
struct wire_str {
	const char *at;
	size_t len;
};

struct frame {
	uint32_t length; /* of the payload */
	uint8_t type;
	uint8_t flags;
	uint32_t stream;
};

/* The first frame each way on a link, and again when a peer with another epoch
 * says hello: doc/PROTOCOL "Resync". On a connection of one stream only the
 * opener says HELLO (its version counts, nothing else); it gets none back, and
 * the runner reads OPEN first. Payload: 8 bytes "LANDBRDG", u16 version_min,
 * u16 version_max, epoch, echo, u32 features, then fields as in OPEN. */
struct hello {
	uint16_t version_min, version_max;
	uint8_t epoch[WIRE_EPOCH]; /* the sender's, random at its start */
	uint8_t echo[WIRE_EPOCH];  /* the peer's, all zero when not known yet */
	uint32_t features;         /* enum hello_feature; others are to be ignored */
	struct wire_str
		host_path; /* host -> guest: the Windows PATH, "C:\\a;C:\\b"; may be empty */
	/* Bit 0: A:, ... From the host: what its programs have as drives, and which
	 * of them nobody may write to. From the guest: what it has of the host's. */
	uint32_t drives, read_only;
	uint64_t time; /* host -> guest: of its clock, in ms since 1970 (UTC); 0: not said */
};

/* What a stream is. A receiver answers a kind that it does not serve, or does
 * not know, with FAILED. */
enum open_kind {
	OPEN_PROGRAM = 1, /* a program or login session on the runner's side */
	OPEN_BYTES = 2,   /* a byte stream to a named service of the runner's side */
	OPEN_CONNECT = 3, /* a connection that the runner's side makes to an address */
	OPEN_LISTEN = 4,  /* the runner's side listens; each caller is a CONNECT back */
	OPEN_EVENTS = 5,  /* changes of the drives' files, host -> guest */
	OPEN_KIND_LAST = OPEN_EVENTS,
};

enum program_flag {
	PROGRAM_TTY = 1,         /* one terminal instead of three pipes; DATA uses fd 0 and 1 */
	PROGRAM_DETACH = 4,      /* the job outlives its stream */
	PROGRAM_NO_STDIN = 8,    /* stdin is empty */
	PROGRAM_ONE_OUTPUT = 16, /* stdout and stderr are one file: DATA of both is fd 1 */
	/* With TTY, and one of them at most: a pipe for that one. What the terminal shows is
	 * DATA of fd 2 with the first, else of fd 1. */
	PROGRAM_OUT_APART = 32,
	PROGRAM_ERR_APART = 64,
	PROGRAM_APART = PROGRAM_OUT_APART | PROGRAM_ERR_APART,
};

/* What OPEN says. Sent as fields {u16 tag, u16 0, u32 len, bytes}; unknown
 * tags are skipped; len counts the NUL of a string. Refused: no kind, unknown
 * flags, a field other than ARG and ENV twice, an ENV without a name, a field
 * that the kind does not have, and a kind without the field it is about. argv
 * and env are kept as the raw fields and walked with open_next, so nothing is
 * allocated. Strings that were not sent are empty. */
struct open {
	uint32_t kind;        /* enum open_kind, or one we do not know */
	uint32_t uid;         /* advisory, set by the broker; UINT32_MAX: not said */
	struct wire_str user; /* host -> guest: login name; empty: the default user */
	/* OPEN_PROGRAM */
	uint32_t flags;          /* enum program_flag */
	struct wire_str program; /* absolute path on the runner's side; empty: login shell */
	struct wire_str cwd;     /* directory on the runner's side; empty: its default */
	uint16_t rows, cols;     /* with PROGRAM_TTY */
	uint32_t argc, envc;
	/* OPEN_BYTES */
	struct wire_str service;
	/* OPEN_CONNECT, OPEN_LISTEN */
	struct wire_str address;

	const uint8_t *fields; /* the payload again, for open_next */
	size_t fields_len;
};

enum open_tag {
	OPEN_TAG_FLAGS = 1,
	OPEN_TAG_PROGRAM = 2,
	OPEN_TAG_ARG = 3, /* repeated, argv[0] first */
	OPEN_TAG_CWD = 4,
	OPEN_TAG_ENV = 5, /* repeated, NAME=value */
	OPEN_TAG_WINSZ = 6,
	OPEN_TAG_USER = 7,
	OPEN_TAG_UID = 8,
	OPEN_TAG_KIND = 9,
	OPEN_TAG_SERVICE = 10,
	OPEN_TAG_ADDRESS = 11,
	OPEN_TAG_LAST = OPEN_TAG_ADDRESS,
};

struct failed {
	uint32_t code;        /* 125, 126 or 127 */
	uint32_t os_error;    /* Win32 error or Linux errno, for the log; 0: none */
	struct wire_str text; /* one line for a person: why, and what to try */
};

enum hello_feature {
	HELLO_MOUNTS = 1, /* from the guest: it mounts the host's drives when it hears of them */
	HELLO_PORTS = 2,  /* from the host: it listens for the guest's ports (OPEN_LISTEN) */
};

enum hello_tag {
	HELLO_TAG_HOST_PATH = 1,
	HELLO_TAG_DRIVE = 2, /* repeated: u8 letter, u8 flags (1: read-only), u16 0 */
	HELLO_TAG_TIME = 3,  /* u64 */
};
enum { HELLO_DRIVES = 26, HELLO_DRIVE_READ_ONLY = 1 };

/* "C:, D:" for bits 0 to 25. */
enum { HELLO_DRIVES_TEXT = HELLO_DRIVES * 4 };
void hello_drives_text(char text[HELLO_DRIVES_TEXT], uint32_t drives);

/* Decodes a header (WIRE_HEADER bytes). -EPROTO: unknown type, reserved bits
 * set, flags or a length that the type cannot have (so a fixed-size payload has
 * its right size already), a stream that the type cannot have. */
int frame_decode(struct frame *f, const uint8_t header[WIRE_HEADER]);
void frame_encode(uint8_t header[WIRE_HEADER], const struct frame *f);

/* Whether a stream's opener (else: its runner) may send this frame on a stream
 * of this kind (enum open_kind). */
bool frame_allowed(const struct frame *f, uint32_t kind, bool from_opener);

/* A whole frame into a writer: f->length bytes of payload. */
void frame_put(struct writer *w, const struct frame *f, const void *payload);

/* -EPROTO also when magic or fields are wrong; not for a version range that
 * does not hold WIRE_VERSION: ask hello_speaks, and say so to a person. */
int hello_decode(struct hello *h, const void *payload, size_t len);
void hello_encode(struct writer *w, const struct hello *h);
bool hello_speaks(const struct hello *h, uint16_t version);

/* True when header and payload at `at` (at least WIRE_HEADER + WIRE_HELLO_MIN
 * bytes) begin a HELLO that echoes `epoch`: the one place at which a reader
 * that lost the frame border may start again. */
bool hello_found(const uint8_t *at, size_t len, const uint8_t epoch[WIRE_EPOCH]);

int open_decode(struct open *o, const void *payload, size_t len);
/* Whether streams of this kind carry bytes without frames of the program's own
 * at both ends: after OPEN and its answer an endpoint speaks no frames. */
bool open_is_raw(uint32_t kind);
/* "program", "bytes", ...; "unknown". For people. */
const char *open_kind_name(uint32_t kind);
/* Walks the ARG or ENV fields: *pos starts at 0. False at the end. */
bool open_next(const struct open *o, enum open_tag tag, size_t *pos, struct wire_str *out);
/* Encoding is by field, straight into the caller's buffer. */
void open_put_str(struct writer *w, enum open_tag tag, const char *s, size_t len);
void open_put_u32(struct writer *w, enum open_tag tag, uint32_t v); /* KIND, FLAGS, UID */
void open_put_winsz(struct writer *w, uint16_t rows, uint16_t cols);
/* Drops every UID field of a decoded payload of `len` bytes and appends one;
 * `payload` has room for OPEN_UID_FIELD more. Returns the new length. */
enum { OPEN_UID_FIELD = 12 };
size_t open_set_uid(uint8_t *payload, size_t len, uint32_t uid);

/* Text with control bytes is refused: it is shown on somebody's terminal.
 * Encoding makes them '?' and cuts the text to WIRE_FAILED_MAX. */
int failed_decode(struct failed *f, const void *payload, size_t len);
void failed_encode(struct writer *w, uint32_t code, uint32_t os_error, const char *text);

#endif
