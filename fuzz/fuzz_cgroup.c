/* fuzz_cgroup.c: any bytes as /proc/self/cgroup. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "interop/host/posix/cgroup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const controllers[] = { "", "memory" };
	char *text = malloc(len + 1), group[64];

	memcpy(text, data, len);
	text[len] = '\0';
	for (int i = 0; i < 2; i++)
		if (cgroup_own(text, controllers[i], group, sizeof(group)) == 0 && *group != '/')
			abort();
	free(text);
	return 0;
}
