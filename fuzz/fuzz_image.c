/* fuzz_image.c: image heads, image names, drives. */
#include <stdlib.h>
#include <string.h>

#include "interop/host/posix/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct drives drives;
	struct fault why = { 0 };
	char *text = malloc(size + 1), name[64];
	enum disk_format format;
	unsigned groups;

	memcpy(text, data, size);
	text[size] = '\0';
	image_probe(data, size, &format, &groups);
	image_name(name, sizeof(name), text);
	if (!*name)
		abort();
	drives.count = 0;
	drive_parse(&drives, text, &why);
	free(text);
	return 0;
}
