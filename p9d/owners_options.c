/* owners_options.c: what a drive's options and metadata say. Pure. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/bytes.h"
#include "lib/lib.h"
#include "p9d/owners.h"

#define META_VERSION 1
#define META_HAVE (OWNERS_UID | OWNERS_GID | OWNERS_MODE | OWNERS_DEVICE)

/* ---- options ---- */

/* All of it, or -EINVAL: nothing, a digit that is none, or more than `most`. */
static int read_number(const char *text, size_t len, unsigned base, uint32_t most, uint32_t *out)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] >= '0' + (char)base)
			return -EINVAL;
		value = value * base + (uint64_t)(text[i] - '0');
		if (value > most)
			return -EINVAL;
	}
	*out = (uint32_t)value;
	return len > 0 ? 0 : -EINVAL;
}

static bool is(const char *word, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(word, text, len) == 0;
}

static int read_value(struct owners_options *o, const char *word, size_t len)
{
	const struct {
		const char *name;
		uint32_t *to;
		unsigned base;
		uint32_t most;
	} numbers[] = {
		{ "uid=", &o->uid, 10, P9_NOUID - 1 }, { "gid=", &o->gid, 10, P9_NOUID - 1 },
		{ "umask=", &o->umask, 8, 0777 },      { "fmask=", &o->fmask, 8, 0777 },
		{ "dmask=", &o->dmask, 8, 0777 },
	};

	for (size_t i = 0; i < array_len(numbers); i++) {
		size_t n = strlen(numbers[i].name);

		if (len > n && memcmp(word, numbers[i].name, n) == 0)
			return read_number(word + n, len - n, numbers[i].base, numbers[i].most,
					   numbers[i].to);
	}
	return -EINVAL;
}

static int read_word(struct owners_options *o, const char *word, size_t len)
{
	if (is(word, len, "metadata"))
		o->metadata = true;
	else if (is(word, len, "case=off"))
		o->folds = true;
	else if (is(word, len, "case=dir") || is(word, len, "case=force"))
		o->folds = false;
	else
		return read_value(o, word, len);
	return 0;
}

int owners_parse(struct owners_options *o, const char *words, const char **wrong, size_t *len)
{
	while (*words) {
		*wrong = words;
		*len = strcspn(words, ",;");
		if (*len > 0 && read_word(o, words, *len) < 0)
			return -EINVAL;
		words += *len + (words[*len] != '\0');
	}
	return 0;
}

/* ---- metadata ---- */

static bool is_sound(const struct owners_meta *meta)
{
	const uint32_t type = meta->mode & S_IFMT;

	if (meta->have & ~META_HAVE || meta->mode & ~(uint32_t)(S_IFMT | 07777))
		return false;
	if (!(meta->have & OWNERS_DEVICE))
		return type == 0;
	return meta->have & OWNERS_MODE && (type == S_IFCHR || type == S_IFBLK);
}

bool owners_meta_decode(struct owners_meta *meta, const void *data, size_t len)
{
	struct reader r;
	uint8_t version;
	uint16_t zero;

	reader_init(&r, data, len);
	version = read_u8(&r);
	meta->have = read_u8(&r);
	zero = read_u16(&r);
	meta->uid = read_u32(&r);
	meta->gid = read_u32(&r);
	meta->mode = read_u32(&r);
	meta->major = read_u32(&r);
	meta->minor = read_u32(&r);
	if (!r.bad && r.left == 0 && version == META_VERSION && zero == 0 && is_sound(meta))
		return true;
	*meta = (struct owners_meta){ .have = 0 };
	return false;
}

void owners_meta_encode(uint8_t out[OWNERS_META_SIZE], const struct owners_meta *meta)
{
	struct writer w;

	writer_init(&w, out, OWNERS_META_SIZE);
	write_u8(&w, META_VERSION);
	write_u8(&w, meta->have);
	write_u16(&w, 0);
	write_u32(&w, meta->uid);
	write_u32(&w, meta->gid);
	write_u32(&w, meta->mode);
	write_u32(&w, meta->major);
	write_u32(&w, meta->minor);
}

bool owners_xattr_may(const char *name)
{
	static const char all[] = "user.", ours[] = "user.landbridge.";

	return strncmp(name, all, sizeof(all) - 1) == 0 &&
	       strncmp(name, ours, sizeof(ours) - 1) != 0;
}
