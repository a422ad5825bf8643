/* ace.c: what one entry of an access list of Windows gives. */
#include "lib/ace.h"

enum { ALLOWED = 0, INHERIT_ONLY = 0x08 };

static const uint32_t read_data = 0x1, write_data = 0x2, append_data = 0x4, write_dac = 0x40000,
		      write_owner = 0x80000, generic_all = 0x10000000, generic_write = 0x40000000,
		      generic_read = 0x80000000;

/* Types that never let anybody in: denied and audit, each also as object, callback and
 * both. */
static int lets_nobody(uint8_t type)
{
	switch (type) {
	case 0x01: /* denied */
	case 0x06:
	case 0x0a:
	case 0x0c:
	case 0x02: /* audit */
	case 0x07:
	case 0x0d:
	case 0x0f:
		return 1;
	default:
		return 0;
	}
}

enum ace_gives ace_gives(uint8_t type, uint8_t flags, uint32_t mask, enum acl_right right)
{
	uint32_t rights =
		generic_all | write_dac | write_owner | write_data | append_data | generic_write;

	if (right == ACL_READ)
		rights |= read_data | generic_read;
	if (lets_nobody(type) || flags & INHERIT_ONLY)
		return ACE_NOTHING;
	if (type != ALLOWED)
		return ACE_TO_SOMEONE;
	return mask & rights ? ACE_TO_ITS_SID : ACE_NOTHING;
}
