/* fsprobe.c: which file system is this? By its superblock alone. */
#include "init/fsprobe.h"

#include <string.h>
#include <strings.h>

#include "lib/fmt.h"
#include "lib/lib.h"

const uint32_t fsprobe_offsets[FSPROBE_WINDOWS] = { 0, 32 * 1024, 64 * 1024 };

struct kind {
	const char *type;
	uint8_t window, magic_len;
	uint16_t magic_at;
	char magic[8];
	uint16_t uuid_at;             /* 0: none */
	uint16_t label_at, label_len; /* 0: none */
};

static const struct kind kinds[] = {
	{ "ext4", 0, 2, 1024 + 56, "\x53\xef", 1024 + 104, 1024 + 120, 16 },
	{ "xfs", 0, 4, 0, "XFSB", 32, 108, 12 },
	{ "btrfs", 2, 8, 64, "_BHRfS_M", 32, 299, 256 },
	{ "squashfs", 0, 4, 0, "hsqs", 0, 0, 0 },
	{ "erofs", 0, 4, 1024, "\xe2\xe1\xf5\xe0", 1024 + 48, 1024 + 64, 16 },
	{ "iso9660", 1, 6, 0,
	  "\x01"
	  "CD001",
	  0, 40, 32 },
};

static void uuid_print(char out[37], const uint8_t *u)
{
	size_t at = 0;

	for (int i = 0; i < 16; i++)
		at += fmt(out + at, 37 - at, "%s%02x",
			  i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", u[i]);
}

static void label_copy(char *out, const uint8_t *label, size_t len)
{
	len = strnlen((const char *)label, len);
	while (len > 0 && label[len - 1] == ' ')
		len--;
	memcpy(out, label, len);
	out[len] = '\0';
}

bool fsprobe(struct fsprobe *out, uint8_t window[FSPROBE_WINDOWS][FSPROBE_WINDOW])
{
	*out = (struct fsprobe){ .type = NULL };
	for (size_t i = 0; i < array_len(kinds); i++) {
		const struct kind *k = &kinds[i];
		const uint8_t *w = window[k->window];

		if (memcmp(w + k->magic_at, k->magic, k->magic_len) != 0)
			continue;
		out->type = k->type;
		if (k->uuid_at)
			uuid_print(out->uuid, w + k->uuid_at);
		label_copy(out->label, w + k->label_at, k->label_len);
		return true;
	}
	return false;
}

bool fsprobe_is(const struct fsprobe *fs, const char *spec)
{
	if (strncmp(spec, "LABEL=", 6) == 0)
		return spec[6] && strcmp(spec + 6, fs->label) == 0;
	if (strncmp(spec, "UUID=", 5) == 0)
		return spec[5] && strcasecmp(spec + 5, fs->uuid) == 0;
	return false;
}
