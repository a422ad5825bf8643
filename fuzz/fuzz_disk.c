/* fuzz_disk.c: heads, tails and tables of virtual disks. Input: the bytes; they
 * are each of the three in turn. */
#include <stdlib.h>
#include <string.h>

#include "interop/host/disk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1); /* so that a look beyond is seen */
	enum disk_format format;

	memcpy(copy, data, size);
	format = disk_probe(copy, size);
	if (disk_format_named(disk_format_name(format)) != format)
		abort();
	/* A disk that names a file is of a format that can. */
	if (disk_other_file(copy, size) && format != DISK_QCOW2 && format != DISK_VMDK)
		abort();
	disk_is_difference(copy, size);
	disk_is_stream(copy, size);
	if (size >= DISK_TAIL)
		disk_tail_is_vhd(copy + size - DISK_TAIL);
	disk_vhdx_metadata(copy, size);
	disk_vhdx_is_difference(copy, size);
	free(copy);
	return 0;
}
