/* fuzz_image.c: image heads, modules.dep, image names, drives. */
#include <stdlib.h>
#include <string.h>

#include "interop/host/posix/image.h"
#include "interop/host/posix/initramfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_deps(const char *text, size_t len)
{
	static const char *const names[] = { "ext4", "9p", "virtio_rng" };
	const char *path;
	struct moddep dep;
	size_t pos, n;

	for (size_t i = 0; i < 3; i++)
		if (moddep_find(text, len, names[i], &dep))
			for (pos = 0; moddep_next(&dep, &pos, &path, &n);)
				if (path < text || path + n > text + len)
					abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct drives drives;
	struct fault why = { 0 };
	char *text = malloc(size + 1), name[64];
	unsigned groups;

	memcpy(text, data, size);
	text[size] = '\0';
	image_probe(data, size, &groups);
	image_other_file(data, size);
	image_name(name, sizeof(name), text);
	if (!*name)
		abort();
	try_deps(text, size);
	drives.count = 0;
	drive_parse(&drives, text, &why);
	free(text);
	return 0;
}
