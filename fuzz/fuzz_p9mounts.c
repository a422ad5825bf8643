/* fuzz_p9mounts.c: mount tables, of which p9d asks what is a drive of the host. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "p9d/posix_mounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	fs_mounts_text_hosts(text, makedev(0, 41));
	if (fs_mounts_text_hosts(text, makedev(0, 77)) && !strstr(text, " 0:77 "))
		abort();
	free(text);
	return 0;
}
