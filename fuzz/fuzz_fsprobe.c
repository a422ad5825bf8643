/* fuzz_fsprobe.c: superblocks. Input: the three windows, one after the other. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "init/fsprobe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t window[FSPROBE_WINDOWS][FSPROBE_WINDOW];
	struct fsprobe fs;

	memset(window, 0, sizeof(window));
	memcpy(window, data, size < sizeof(window) ? size : sizeof(window));
	if (!fsprobe(&fs, window))
		return 0;
	if (!fs.type || strnlen(fs.label, sizeof(fs.label)) == sizeof(fs.label) ||
	    (strlen(fs.uuid) != 0 && strlen(fs.uuid) != 36))
		abort();
	return 0;
}
