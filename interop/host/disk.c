/* disk.c: virtual disks, told by their own bytes. */
#include "interop/host/disk.h"

#include <string.h>

#include "lib/bytes.h"
#include "lib/macros.h"

static const struct {
	enum disk_format format;
	const char *name, *of_qemu;
} names[] = {
	{ DISK_RAW, "raw", "raw" }, { DISK_QCOW2, "qcow2", "qcow2" }, { DISK_VHDX, "vhdx", "vhdx" },
	{ DISK_VHD, "vhd", "vpc" }, { DISK_VMDK, "vmdk", "vmdk" },    { DISK_VDI, "vdi", "vdi" },
};

enum disk_format disk_format_named(const char *name)
{
	for (size_t i = 0; i < array_len(names); i++)
		if (strcmp(names[i].name, name) == 0 || strcmp(names[i].of_qemu, name) == 0)
			return names[i].format;
	return DISK_NONE;
}

const char *disk_format_name(enum disk_format format)
{
	return format == DISK_NONE ? "none" : names[format - DISK_RAW].name;
}

const char *disk_format_of_qemu(enum disk_format format)
{
	return format == DISK_NONE ? "raw" : names[format - DISK_RAW].of_qemu;
}

/* --- which it is ----------------------------------------------------------- */

static const struct disk_magic {
	size_t offset, len;
	const char *bytes;
	enum disk_format format;
} magics[] = {
	{ 0, 4, "QFI\xfb", DISK_QCOW2 },
	{ 0, 8, "vhdxfile", DISK_VHDX },
	{ 0, 8, "conectix", DISK_VHD },
	{ 0, 4, "KDMV", DISK_VMDK },
	{ 0, 21, "# Disk DescriptorFile", DISK_VMDK },
	{ 64, 4, "\x7f\x10\xda\xbe", DISK_VDI },
};

static bool has(const uint8_t *head, size_t len, size_t offset, const void *bytes, size_t size)
{
	return offset <= len && size <= len - offset && memcmp(head + offset, bytes, size) == 0;
}

enum disk_format disk_probe(const uint8_t *head, size_t len)
{
	for (size_t i = 0; i < array_len(magics); i++)
		if (has(head, len, magics[i].offset, magics[i].bytes, magics[i].len))
			return magics[i].format;
	return DISK_NONE;
}

static uint32_t big32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

enum { VHD_TYPE = 60, VHD_CHECKSUM = 64, VHD_FIXED = 2, VHD_DIFFERENCING = 4 };

/* Whoever wrote that into a raw disk's last sector would have to know the sum. */
bool disk_tail_is_vhd(const uint8_t tail[DISK_TAIL])
{
	uint32_t sum = 0;

	for (size_t i = 0; i < DISK_TAIL; i++)
		if (i < VHD_CHECKSUM || i >= VHD_CHECKSUM + 4)
			sum += tail[i];
	return memcmp(tail, "conectix", 8) == 0 && big32(tail + VHD_TYPE) == VHD_FIXED &&
	       big32(tail + VHD_CHECKSUM) == ~sum;
}

/* --- what else it reads -------------------------------------------------------- */

static const char *qcow2_other_file(const uint8_t *head, size_t len)
{
	enum { BACKING = 8, VERSION = 4, INCOMPATIBLE = 72, EXTERNAL_DATA = 4 };
	static const uint8_t none[8];

	if (len < INCOMPATIBLE + 8)
		return NULL;
	if (memcmp(head + BACKING, none, 8) != 0)
		return "backing file";
	/* Big-endian; the first version has no features. */
	if (head[VERSION + 3] > 2 && head[INCOMPATIBLE + 7] & EXTERNAL_DATA)
		return "data file";
	return NULL;
}

/* QEMU looks for this word in some KiB, whatever is around it. */
static bool names_parent(const uint8_t *head, size_t len)
{
	static const char word[] = "parentFileNameHint";

	for (size_t i = 0; i < len; i++)
		if (has(head, len, i, word, sizeof(word) - 1))
			return true;
	return false;
}

/* Without a magic number it is a list of files; so it is with one and no size. */
static const char *vmdk_other_file(const uint8_t *head, size_t len)
{
	enum { SIZE = 12 };
	static const uint8_t none[8];

	if (head[0] == '#' || has(head, len, SIZE, none, 8))
		return "extent";
	return names_parent(head, len) ? "parent" : NULL;
}

const char *disk_other_file(const uint8_t *head, size_t len)
{
	switch (disk_probe(head, len)) {
	case DISK_QCOW2:
		return qcow2_other_file(head, len);
	case DISK_VMDK:
		return vmdk_other_file(head, len);
	default:
		return NULL;
	}
}

bool disk_is_difference(const uint8_t *head, size_t len)
{
	enum { VDI_TYPE = 76, VDI_PARENT = 0x1b8 };
	static const uint8_t none[16];

	switch (disk_probe(head, len)) {
	case DISK_VHD:
		return len >= VHD_TYPE + 4 && big32(head + VHD_TYPE) == VHD_DIFFERENCING;
	case DISK_VDI: /* types 1 and 2 are whole disks */
		return len >= VDI_PARENT + 16 &&
		       (head[VDI_TYPE] > 2 || memcmp(head + VDI_PARENT, none, 16) != 0);
	default:
		return false;
	}
}

bool disk_is_stream(const uint8_t *head, size_t len)
{
	enum { FLAGS = 8, COMPRESSED = 1 << 0 /* of the third byte */ };

	return len > FLAGS + 2 && has(head, len, 0, "KDMV", 4) && head[FLAGS + 2] & COMPRESSED;
}

/* --- vhdx ----------------------------------------------------------------------- */

enum { GUID = 16 };

static const uint8_t metadata_region[GUID] = { 0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b,
					       0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e };
static const uint8_t file_parameters[GUID] = { 0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d,
					       0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b };

/* "regi", a checksum, a count, and entries {GUID, u64 offset, u32 length, u32}. */
uint64_t disk_vhdx_metadata(const uint8_t *regions, size_t len)
{
	struct reader r;
	const void *guid;

	reader_init(&r, regions, len);
	if (read_u32(&r) != 0x69676572)
		return 0;
	read_bytes(&r, 12);
	while ((guid = read_bytes(&r, GUID))) {
		uint64_t at = read_u64(&r);

		read_bytes(&r, 8);
		if (!r.bad && memcmp(guid, metadata_region, GUID) == 0)
			return at;
	}
	return 0;
}

/* "metadata", a count, and entries {GUID, u32 offset, u32 length, 8 bytes}. */
bool disk_vhdx_is_difference(const uint8_t *metadata, size_t len)
{
	enum { HEADER = 24, FLAGS = 4, HAS_PARENT = 2 };
	struct reader r;
	const void *guid;

	reader_init(&r, metadata, len);
	if (read_u64(&r) != 0x617461646174656d)
		return false;
	read_bytes(&r, HEADER);
	while ((guid = read_bytes(&r, GUID))) {
		uint32_t at = read_u32(&r);

		read_bytes(&r, 12);
		if (!r.bad && memcmp(guid, file_parameters, GUID) == 0)
			return at < len && len - at > FLAGS && metadata[at + FLAGS] & HAS_PARENT;
	}
	return false;
}
