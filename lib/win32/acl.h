/* acl.h: who else has what right to a file. Microsoft Learn: GetSecurityInfo,
 * ACCESS_ALLOWED_ACE, "Well-known SIDs".
 */
#ifndef LANDBRIDGE_LIB_WIN32_ACL_H
#define LANDBRIDGE_LIB_WIN32_ACL_H

#include <stdbool.h>

/* Rights that count as one: to see what is in it, or to change it. */
enum acl_right { ACL_READ, ACL_WRITE };

/* Whether the file (HANDLE, opened with READ_CONTROL) is ours or an administrator's, and
 * nobody but us, administrators and the system has the right. */
bool acl_is_ours(void *file, enum acl_right right);

#endif
