/* disk.h: virtual disks, told by their own bytes.
 *
 * A guest that may write to its disk can make a raw one look like any of these.
 * So none of them reads a second file of the host but by the word of a person:
 * what would is told here, before QEMU sees it.
 *
 * Pure. Sources: QEMU's qcow2.txt; Microsoft, "Virtual Hard Disk Image Format"
 * and [MS-VHDX]; VMware, "Virtual Disk Format 5.0"; VirtualBox's VDICore.h. What
 * of a vmdk is followed: QEMU's vmdk driver.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_DISK_H
#define LANDBRIDGE_INTEROP_HOST_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum disk_format {
	DISK_NONE, /* that we know */
	DISK_RAW,
	DISK_QCOW2,
	DISK_VHDX,
	DISK_VHD,
	DISK_VMDK,
	DISK_VDI,
};

/* For a person. */
#define DISK_FORMATS "raw, qcow2, vhdx, vhd, vmdk or vdi"

/* As a person calls it; QEMU calls vhd vpc, and both are known here. */
enum disk_format disk_format_named(const char *name);
const char *disk_format_name(enum disk_format format);
/* As QEMU calls it. */
const char *disk_format_of_qemu(enum disk_format format);

/* Tells a format by a file's first bytes, which for DISK_VHD may also be its
 * last DISK_TAIL (one of fixed size is raw but for those). Never DISK_RAW, which
 * has no mark. */
enum { DISK_TAIL = 512 };
enum disk_format disk_probe(const uint8_t *head, size_t len);
bool disk_tail_is_vhd(const uint8_t tail[DISK_TAIL]);

/* What the disk reads besides itself, and QEMU would open: "backing file", "data
 * file", "parent", "extent", or NULL: nothing. `len` bytes of its first 64 KiB. */
const char *disk_other_file(const uint8_t *head, size_t len);

/* Whether it has only what differs from another disk, its parent, for which QEMU
 * does not look; a vhdx says so in its metadata. */
bool disk_is_difference(const uint8_t *head, size_t len);

/* Where a vhdx has its metadata, by its region table; 0: unknown. */
enum { DISK_VHDX_REGIONS = 192 * 1024, DISK_VHDX_TABLE = 64 * 1024 };
uint64_t disk_vhdx_metadata(const uint8_t *regions, size_t len);
/* Whether that, up to DISK_VHDX_TABLE and a little more of it, names a parent. */
bool disk_vhdx_is_difference(const uint8_t *metadata, size_t len);

/* Whether it can be read but not be written to (a vmdk made for a stream). */
bool disk_is_stream(const uint8_t *head, size_t len);

#endif
