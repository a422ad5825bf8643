/* ace.h: what one entry of an access list of Windows gives. Pure. [MS-DTYP] 2.4.3, 2.4.4;
 * [MS-SMB2] 2.2.13.1.1.
 */
#ifndef LANDBRIDGE_LIB_ACE_H
#define LANDBRIDGE_LIB_ACE_H

#include <stdint.h>

/* What nobody else is to have: a right to see what is in a file or to change it, or only
 * to change it. Who may give himself a right has it. */
enum acl_right { ACL_READ, ACL_WRITE };

enum ace_gives {
	ACE_NOTHING,    /* it takes away, only notes, or is for what lies in a directory */
	ACE_TO_ITS_SID, /* such a right, to whom it names */
	ACE_TO_SOMEONE, /* of another type: conditions and the like, not to be told here */
};

/* Of the entry's type and flags in its header, and its mask. */
enum ace_gives ace_gives(uint8_t type, uint8_t flags, uint32_t mask, enum acl_right right);

#endif
