/* drives.c: which of the host's drives this guest has. */
#include "interop/guest/drives.h"

#include <string.h>
#include <unistd.h>

#include "interop/wire/wire.h"
#include "lib/lib.h"
#include "pathconv/pathconv.h"

static uint32_t letter_bit(const char *name)
{
	const char letter = (char)(name[0] & ~0x20);

	return letter >= 'A' && letter <= 'Z' && name[1] == ':' && !name[2]
		       ? (uint32_t)1 << (letter - 'A')
		       : 0;
}

static uint32_t drives_mounted(void)
{
	struct mounts mounts = { 0 };
	uint32_t drives = 0;

	if (mounts_load(&mounts) < 0)
		return 0;
	for (size_t i = 0; i < mounts.count; i++)
		if (mounts.at[i].drive)
			drives |= letter_bit(mounts.at[i].drive);
	mounts_unload(&mounts);
	return drives;
}

uint32_t drives_here(void)
{
	return drives_offered() | drives_mounted();
}

void drives_compare(const struct log *log, uint32_t here, uint32_t host)
{
	char text[HELLO_DRIVES_TEXT];

	if (host & ~here) {
		hello_drives_text(text, host & ~here);
		log_err(log, "warning drives: the host's %s is not here", text);
	}
	if (here & ~host) {
		hello_drives_text(text, here & ~host);
		log_warn(log, "the drive %s is here, and the host's programs do not have it", text);
	}
}
