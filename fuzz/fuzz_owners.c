/* fuzz_owners.c: a drive's options and the metadata of its files. Input: words, a line
 * feed, an attribute. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/fold.h"
#include "p9d/owners.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_words(const char *words)
{
	struct owners_options o = { .uid = 7 };
	const char *wrong;
	size_t len;

	if (owners_parse(&o, words, &wrong, &len) < 0) {
		if (wrong < words || wrong + len > words + strlen(words) || len == 0 ||
		    strcspn(wrong, ",;") != len)
			abort();
	} else if (o.umask > 0777 || o.fmask > 0777 || o.dmask > 0777 || o.uid == UINT32_MAX ||
		   o.gid == UINT32_MAX) {
		abort();
	}
	if (!fold_equal(words, words, strlen(words)))
		abort();
	if (owners_xattr_may(words) && strncmp(words, "user.", 5) != 0)
		abort();
}

static void try_meta(const void *data, size_t size)
{
	struct owners_meta meta, again;
	uint8_t out[OWNERS_META_SIZE];
	bool is = owners_meta_decode(&meta, data, size);

	if (is != (meta.have != 0) && !(is && meta.have == 0))
		abort();
	if (!is)
		return;
	owners_meta_encode(out, &meta);
	if (size != sizeof(out) || memcmp(out, data, size) != 0 ||
	    !owners_meta_decode(&again, out, sizeof(out)))
		abort();
	if ((meta.mode & S_IFMT) != 0 && !(meta.have & OWNERS_DEVICE))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t len = end ? (size_t)(end - data) : size;
	char *text = malloc(len + 1);

	if (!text)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	try_words(text);
	free(text);
	if (end)
		try_meta(end + 1, size - len - 1);
	return 0;
}
