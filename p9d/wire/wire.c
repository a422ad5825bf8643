/* wire.c: the 9P codec: one table line per message, one reader, one writer. */
#include "p9d/wire/wire.h"

#include <errno.h>
#include <string.h>

enum p9_field {
	END, /* an unused slot of a table line */
	FID,
	NEWFID,
	ERROR,
	MSIZE,
	UID,
	GID,
	MODE,
	FLAGS,
	WFLAGS,
	MAJOR,
	MINOR,
	IOUNIT,
	PROC_ID,
	DATASYNC,
	COUNT,
	OLDTAG,
	WALKED,
	LOCK_TYPE,
	STATUS,
	MASK,
	OFFSET,
	LENGTH,
	NAME,
	TARGET,
	QID,
	DATA,
	NAMES,
	QIDS,
	ATTR,
	SET,
	STATFS,
};

enum p9_kind { U8, U16, U32, U64, STRING, OTHER };

#define AT(kind, member)                              \
	{                                             \
		kind, offsetof(struct p9_msg, member) \
	}
static const struct {
	enum p9_kind kind;
	size_t offset;
} fields[] = {
	[FID] = AT(U32, fid),         [NEWFID] = AT(U32, newfid),
	[ERROR] = AT(U32, error),     [MSIZE] = AT(U32, msize),
	[UID] = AT(U32, uid),         [GID] = AT(U32, gid),
	[MODE] = AT(U32, mode),       [FLAGS] = AT(U32, flags),
	[WFLAGS] = AT(U32, wflags),   [MAJOR] = AT(U32, major),
	[MINOR] = AT(U32, minor),     [IOUNIT] = AT(U32, iounit),
	[PROC_ID] = AT(U32, proc_id), [DATASYNC] = AT(U32, datasync),
	[COUNT] = AT(U32, count),     [OLDTAG] = AT(U16, oldtag),
	[WALKED] = AT(U16, walked),   [LOCK_TYPE] = AT(U8, lock_type),
	[STATUS] = AT(U8, status),    [MASK] = AT(U64, mask),
	[OFFSET] = AT(U64, offset),   [LENGTH] = AT(U64, length),
	[NAME] = AT(STRING, name),    [TARGET] = AT(STRING, target),
	[QID] = AT(OTHER, qid),       [DATA] = AT(OTHER, data),
	[NAMES] = AT(OTHER, names),   [QIDS] = AT(OTHER, qids),
	[ATTR] = AT(OTHER, attr),     [SET] = AT(OTHER, attr),
	[STATFS] = AT(OTHER, statfs),
};

#define FIELDS_MAX 9
struct layout {
	bool known;
	uint8_t field[FIELDS_MAX];
};

/* What each message has, and what it is called where a person reads of it. A link's fid
 * is the directory, and attach's newfid the afid. */
#define MESSAGES(X)                                                                \
	X(P9_RLERROR, "Rlerror", ERROR)                                            \
	X(P9_TSTATFS, "Tstatfs", FID)                                              \
	X(P9_TSTATFS + 1, "Rstatfs", STATFS)                                       \
	X(P9_TLOPEN, "Tlopen", FID, FLAGS)                                         \
	X(P9_TLOPEN + 1, "Rlopen", QID, IOUNIT)                                    \
	X(P9_TLCREATE, "Tlcreate", FID, NAME, FLAGS, MODE, GID)                    \
	X(P9_TLCREATE + 1, "Rlcreate", QID, IOUNIT)                                \
	X(P9_TSYMLINK, "Tsymlink", FID, NAME, TARGET, GID)                         \
	X(P9_TSYMLINK + 1, "Rsymlink", QID)                                        \
	X(P9_TMKNOD, "Tmknod", FID, NAME, MODE, MAJOR, MINOR, GID)                 \
	X(P9_TMKNOD + 1, "Rmknod", QID)                                            \
	X(P9_TRENAME, "Trename", FID, NEWFID, NAME)                                \
	X(P9_TRENAME + 1, "Rrename", END)                                          \
	X(P9_TREADLINK, "Treadlink", FID)                                          \
	X(P9_TREADLINK + 1, "Rreadlink", TARGET)                                   \
	X(P9_TGETATTR, "Tgetattr", FID, MASK)                                      \
	X(P9_TGETATTR + 1, "Rgetattr", MASK, QID, ATTR)                            \
	X(P9_TSETATTR, "Tsetattr", FID, SET)                                       \
	X(P9_TSETATTR + 1, "Rsetattr", END)                                        \
	X(P9_TXATTRWALK, "Txattrwalk", FID, NEWFID, NAME)                          \
	X(P9_TXATTRWALK + 1, "Rxattrwalk", LENGTH)                                 \
	X(P9_TXATTRCREATE, "Txattrcreate", FID, NAME, LENGTH, FLAGS)               \
	X(P9_TXATTRCREATE + 1, "Rxattrcreate", END)                                \
	X(P9_TREADDIR, "Treaddir", FID, OFFSET, COUNT)                             \
	X(P9_TREADDIR + 1, "Rreaddir", DATA)                                       \
	X(P9_TFSYNC, "Tfsync", FID, DATASYNC)                                      \
	X(P9_TFSYNC + 1, "Rfsync", END)                                            \
	X(P9_TLOCK, "Tlock", FID, LOCK_TYPE, FLAGS, OFFSET, LENGTH, PROC_ID, NAME) \
	X(P9_TLOCK + 1, "Rlock", STATUS)                                           \
	X(P9_TGETLOCK, "Tgetlock", FID, LOCK_TYPE, OFFSET, LENGTH, PROC_ID, NAME)  \
	X(P9_TGETLOCK + 1, "Rgetlock", LOCK_TYPE, OFFSET, LENGTH, PROC_ID, NAME)   \
	X(P9_TLINK, "Tlink", FID, NEWFID, NAME)                                    \
	X(P9_TLINK + 1, "Rlink", END)                                              \
	X(P9_TMKDIR, "Tmkdir", FID, NAME, MODE, GID)                               \
	X(P9_TMKDIR + 1, "Rmkdir", QID)                                            \
	X(P9_TRENAMEAT, "Trenameat", FID, NAME, NEWFID, TARGET)                    \
	X(P9_TRENAMEAT + 1, "Rrenameat", END)                                      \
	X(P9_TUNLINKAT, "Tunlinkat", FID, NAME, FLAGS)                             \
	X(P9_TUNLINKAT + 1, "Runlinkat", END)                                      \
	X(P9_TVERSION, "Tversion", MSIZE, NAME)                                    \
	X(P9_TVERSION + 1, "Rversion", MSIZE, NAME)                                \
	X(P9_TAUTH, "Tauth", FID, NAME, TARGET, UID)                               \
	X(P9_TAUTH + 1, "Rauth", QID)                                              \
	X(P9_TATTACH, "Tattach", FID, NEWFID, NAME, TARGET, UID)                   \
	X(P9_TATTACH + 1, "Rattach", QID)                                          \
	X(P9_TFLUSH, "Tflush", OLDTAG)                                             \
	X(P9_TFLUSH + 1, "Rflush", END)                                            \
	X(P9_TWALK, "Twalk", FID, NEWFID, NAMES)                                   \
	X(P9_TWALK + 1, "Rwalk", QIDS)                                             \
	X(P9_TREAD, "Tread", FID, OFFSET, COUNT)                                   \
	X(P9_TREAD + 1, "Rread", DATA)                                             \
	X(P9_TWRITE, "Twrite", FID, OFFSET, DATA)                                  \
	X(P9_TWRITE + 1, "Rwrite", COUNT)                                          \
	X(P9_TCLUNK, "Tclunk", FID)                                                \
	X(P9_TCLUNK + 1, "Rclunk", END)                                            \
	X(P9_TREMOVE, "Tremove", FID)                                              \
	X(P9_TREMOVE + 1, "Rremove", END)                                          \
	X(P9_TACCESS, "Taccess", FID, FLAGS)                                       \
	X(P9_TACCESS + 1, "Raccess", END)                                          \
	X(P9_TWREADDIR, "Twreaddir", FID, OFFSET, COUNT)                           \
	X(P9_TWREADDIR + 1, "Rwreaddir", DATA)                                     \
	X(P9_TWOPEN, "Twopen", FID, NEWFID, FLAGS, WFLAGS, MODE, GID, MASK, NAMES) \
	X(P9_TWOPEN + 1, "Rwopen", STATUS, WALKED, QID, TARGET, IOUNIT, ATTR)      \
	X(P9_TWSEEK, "Twseek", FID, OFFSET, FLAGS)                                 \
	X(P9_TWSEEK + 1, "Rwseek", OFFSET)                                         \
	X(P9_TWRENAME, "Twrename", FID, NAME, NEWFID, TARGET, FLAGS)               \
	X(P9_TWRENAME + 1, "Rwrename", END)                                        \
	X(P9_TWWATCH, "Twwatch", END)                                              \
	X(P9_TWWATCH + 1, "Rwwatch", DATA)                                         \
	X(P9_TWLIST, "Twlist", FID, OFFSET, COUNT, LENGTH, NAMES)                  \
	X(P9_TWLIST + 1, "Rwlist", DATA, FLAGS, QID)

#define LAYOUT(type, name, ...) [type] = { true, { __VA_ARGS__ } },
#define NAMED(type, name, ...) [type] = (name),
static const struct layout layouts[P9_TYPE_COUNT] = { MESSAGES(LAYOUT) };
static const char *const type_names[P9_TYPE_COUNT] = { MESSAGES(NAMED) };

static const struct layout *layout_of(uint8_t type)
{
	if (type >= P9_TYPE_COUNT || !layouts[type].known)
		return NULL;
	return &layouts[type];
}

const char *p9_type_name(uint8_t type)
{
	return layout_of(type) ? type_names[type] : NULL;
}

/* ---- reading ---- */

static struct p9_str get_str(struct reader *r)
{
	struct p9_str s;

	s.len = read_u16(r);
	s.at = read_bytes(r, s.len);
	if (!s.at)
		s.len = 0;
	return s;
}

static struct p9_qid get_qid(struct reader *r)
{
	struct p9_qid qid;

	qid.type = read_u8(r);
	qid.version = read_u32(r);
	qid.path = read_u64(r);
	return qid;
}

static struct p9_time get_time(struct reader *r)
{
	struct p9_time t;

	t.sec = read_u64(r);
	t.nsec = read_u64(r);
	return t;
}

/* What Rgetattr, Rwopen and entries of Rwreaddir have in common. */
static void get_stat(struct reader *r, struct p9_attr *a)
{
	a->mode = read_u32(r);
	a->uid = read_u32(r);
	a->gid = read_u32(r);
	a->nlink = read_u64(r);
	a->rdev = read_u64(r);
	a->size = read_u64(r);
	a->blksize = read_u64(r);
	a->blocks = read_u64(r);
	a->atime = get_time(r);
	a->mtime = get_time(r);
	a->ctime = get_time(r);
}

static void get_attr(struct reader *r, struct p9_attr *a)
{
	get_stat(r, a);
	a->btime = get_time(r);
	a->gen = read_u64(r);
	a->data_version = read_u64(r);
}

static void get_set(struct reader *r, struct p9_msg *m)
{
	m->mask = read_u32(r);
	m->attr.mode = read_u32(r);
	m->attr.uid = read_u32(r);
	m->attr.gid = read_u32(r);
	m->attr.size = read_u64(r);
	m->attr.atime = get_time(r);
	m->attr.mtime = get_time(r);
}

static void get_statfs(struct reader *r, struct p9_statfs *s)
{
	s->type = read_u32(r);
	s->bsize = read_u32(r);
	s->blocks = read_u64(r);
	s->bfree = read_u64(r);
	s->bavail = read_u64(r);
	s->files = read_u64(r);
	s->ffree = read_u64(r);
	s->fsid = read_u64(r);
	s->namelen = read_u32(r);
}

static int get_names(struct reader *r, struct p9_msg *m)
{
	m->name_count = read_u16(r);
	if (m->name_count > P9_NAMES_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < m->name_count; i++)
		m->names[i] = get_str(r);
	return 0;
}

static int get_qids(struct reader *r, struct p9_msg *m)
{
	m->qid_count = read_u16(r);
	if (m->qid_count > P9_NAMES_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < m->qid_count; i++)
		m->qids[i] = get_qid(r);
	return 0;
}

static void get_data(struct reader *r, struct p9_msg *m)
{
	m->count = read_u32(r);
	m->data = read_bytes(r, m->count);
}

static int get_other(struct reader *r, struct p9_msg *m, enum p9_field field)
{
	switch (field) {
	case QID:
		m->qid = get_qid(r);
		break;
	case DATA:
		get_data(r, m);
		break;
	case NAMES:
		return get_names(r, m);
	case QIDS:
		return get_qids(r, m);
	case ATTR:
		get_attr(r, &m->attr);
		break;
	case SET:
		get_set(r, m);
		break;
	default:
		get_statfs(r, &m->statfs);
		break;
	}
	return 0;
}

static int get_field(struct reader *r, struct p9_msg *m, enum p9_field field)
{
	void *to = (char *)m + fields[field].offset;

	switch (fields[field].kind) {
	case U8:
		*(uint8_t *)to = read_u8(r);
		return 0;
	case U16:
		*(uint16_t *)to = read_u16(r);
		return 0;
	case U32:
		*(uint32_t *)to = read_u32(r);
		return 0;
	case U64:
		*(uint64_t *)to = read_u64(r);
		return 0;
	case STRING:
		*(struct p9_str *)to = get_str(r);
		return 0;
	default:
		return get_other(r, m, field);
	}
}

static int get_body(struct reader *r, struct p9_msg *m, const struct layout *layout)
{
	for (unsigned i = 0; i < FIELDS_MAX && layout->field[i] != END; i++) {
		int err;

		if (layout->field[i] == DATASYNC && r->left == 0) {
			m->datasync = 0;
			continue;
		}
		err = get_field(r, m, layout->field[i]);
		if (err)
			return err;
	}
	return r->bad || r->left ? -EPROTO : 0;
}

int32_t p9_frame_size(const void *at, size_t len, uint32_t max)
{
	struct reader r;
	uint32_t size;

	reader_init(&r, at, len);
	size = read_u32(&r);
	if (r.bad)
		return 0;
	return size < P9_HEADER || size > max || size > INT32_MAX ? -EPROTO : (int32_t)size;
}

int p9_decode(struct p9_msg *msg, const void *frame, size_t len)
{
	const struct layout *layout;
	struct reader r;
	uint32_t size;

	reader_init(&r, frame, len);
	size = read_u32(&r);
	msg->type = read_u8(&r);
	msg->tag = read_u16(&r);
	if (r.bad || size != len)
		return -EPROTO;
	layout = layout_of(msg->type);
	return layout ? get_body(&r, msg, layout) : -EOPNOTSUPP;
}

/* ---- writing ---- */

static void put_str(struct writer *w, struct p9_str s)
{
	write_u16(w, s.len);
	write_bytes(w, s.at, s.len);
}

static void put_qid(struct writer *w, struct p9_qid qid)
{
	write_u8(w, qid.type);
	write_u32(w, qid.version);
	write_u64(w, qid.path);
}

static void put_time(struct writer *w, struct p9_time t)
{
	write_u64(w, t.sec);
	write_u64(w, t.nsec);
}

static void put_stat(struct writer *w, const struct p9_attr *a)
{
	write_u32(w, a->mode);
	write_u32(w, a->uid);
	write_u32(w, a->gid);
	write_u64(w, a->nlink);
	write_u64(w, a->rdev);
	write_u64(w, a->size);
	write_u64(w, a->blksize);
	write_u64(w, a->blocks);
	put_time(w, a->atime);
	put_time(w, a->mtime);
	put_time(w, a->ctime);
}

static void put_attr(struct writer *w, const struct p9_attr *a)
{
	put_stat(w, a);
	put_time(w, a->btime);
	write_u64(w, a->gen);
	write_u64(w, a->data_version);
}

static void put_set(struct writer *w, const struct p9_msg *m)
{
	write_u32(w, (uint32_t)m->mask);
	write_u32(w, m->attr.mode);
	write_u32(w, m->attr.uid);
	write_u32(w, m->attr.gid);
	write_u64(w, m->attr.size);
	put_time(w, m->attr.atime);
	put_time(w, m->attr.mtime);
}

static void put_statfs(struct writer *w, const struct p9_statfs *s)
{
	write_u32(w, s->type);
	write_u32(w, s->bsize);
	write_u64(w, s->blocks);
	write_u64(w, s->bfree);
	write_u64(w, s->bavail);
	write_u64(w, s->files);
	write_u64(w, s->ffree);
	write_u64(w, s->fsid);
	write_u32(w, s->namelen);
}

static void put_data(struct writer *w, const struct p9_msg *m)
{
	write_u32(w, m->count);
	if (w->bad || m->count > w->size - w->used) {
		w->bad = true;
		return;
	}
	if (m->count && m->data != w->base + w->used)
		memmove(w->base + w->used, m->data, m->count);
	w->used += m->count;
}

static void put_names(struct writer *w, const struct p9_msg *m)
{
	write_u16(w, m->name_count);
	for (unsigned i = 0; i < m->name_count; i++)
		put_str(w, m->names[i]);
}

static void put_qids(struct writer *w, const struct p9_msg *m)
{
	write_u16(w, m->qid_count);
	for (unsigned i = 0; i < m->qid_count; i++)
		put_qid(w, m->qids[i]);
}

static void put_other(struct writer *w, const struct p9_msg *m, enum p9_field field)
{
	switch (field) {
	case QID:
		put_qid(w, m->qid);
		break;
	case DATA:
		put_data(w, m);
		break;
	case NAMES:
		put_names(w, m);
		break;
	case QIDS:
		put_qids(w, m);
		break;
	case ATTR:
		put_attr(w, &m->attr);
		break;
	case SET:
		put_set(w, m);
		break;
	default:
		put_statfs(w, &m->statfs);
		break;
	}
}

static void put_field(struct writer *w, const struct p9_msg *m, enum p9_field field)
{
	const void *from = (const char *)m + fields[field].offset;

	switch (fields[field].kind) {
	case U8:
		write_u8(w, *(const uint8_t *)from);
		break;
	case U16:
		write_u16(w, *(const uint16_t *)from);
		break;
	case U32:
		write_u32(w, *(const uint32_t *)from);
		break;
	case U64:
		write_u64(w, *(const uint64_t *)from);
		break;
	case STRING:
		put_str(w, *(const struct p9_str *)from);
		break;
	default:
		put_other(w, m, field);
		break;
	}
}

int p9_encode(const struct p9_msg *msg, void *buf, size_t size)
{
	const struct layout *layout = layout_of(msg->type);
	struct writer w;

	if (!layout)
		return -EOPNOTSUPP;
	writer_init(&w, buf, size);
	write_u32(&w, 0);
	write_u8(&w, msg->type);
	write_u16(&w, msg->tag);
	for (unsigned i = 0; i < FIELDS_MAX && layout->field[i] != END; i++)
		put_field(&w, msg, layout->field[i]);
	if (w.bad || w.used > INT32_MAX)
		return -EMSGSIZE;
	write_u32_at(&w, 0, (uint32_t)w.used);
	return (int)w.used;
}

/* ---- directory entries ---- */

bool p9_dirent_put(struct writer *w, const struct p9_dirent *entry, bool with_attr)
{
	size_t need = P9_DIRENT_HEADER + entry->name.len + (with_attr ? P9_DIRENT_ATTR : 0u);

	if (w->bad || need > w->size - w->used)
		return false;
	put_qid(w, entry->qid);
	write_u64(w, entry->offset);
	write_u8(w, entry->type);
	put_str(w, entry->name);
	if (with_attr)
		put_stat(w, &entry->attr);
	return true;
}

bool p9_dirent_get(struct reader *r, struct p9_dirent *entry, bool with_attr)
{
	if (r->bad || r->left == 0)
		return false;
	entry->qid = get_qid(r);
	entry->offset = read_u64(r);
	entry->type = read_u8(r);
	entry->name = get_str(r);
	if (with_attr)
		get_stat(r, &entry->attr);
	return !r->bad;
}

/* ---- changes ---- */

bool p9_change_put(struct writer *w, const struct p9_change *change)
{
	if (w->bad || P9_CHANGE_HEADER + (size_t)change->name.len > w->size - w->used)
		return false;
	write_u64(w, change->dir);
	write_u32(w, change->what);
	write_u32(w, change->pair);
	put_str(w, change->name);
	return true;
}

bool p9_change_get(struct reader *r, struct p9_change *change)
{
	if (r->bad || r->left == 0)
		return false;
	change->dir = read_u64(r);
	change->what = read_u32(r);
	change->pair = read_u32(r);
	change->name = get_str(r);
	return !r->bad;
}
