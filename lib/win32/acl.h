/* acl.h: who else has what right to a file. Microsoft Learn: GetSecurityInfo,
 * ACCESS_ALLOWED_ACE, "Well-known SIDs".
 */
#ifndef LANDBRIDGE_LIB_WIN32_ACL_H
#define LANDBRIDGE_LIB_WIN32_ACL_H

#include <stdbool.h>

#include "lib/ace.h"

/* Whether the file (HANDLE, opened with READ_CONTROL) is ours or an administrator's, and
 * nobody but us, administrators and the system has the right. Where the list has entries
 * with conditions it is not. */
bool acl_is_ours(void *file, enum acl_right right);

/* What a new file has (SECURITY_ATTRIBUTES) that is ours alone. The caller's, by LocalFree; NULL: it cannot be made. */
void *acl_ours(void);

#endif
