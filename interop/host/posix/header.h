/* header.h: whether a file is a Windows program, by its first bytes.
 *
 * Wine hands what is none to Unix. landbridge-start.exe looks, too, at the file that it
 * then holds until it has started it; here what is wrong is found before Wine is asked.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_HEADER_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_HEADER_H

#include "interop/host/drives.h"

/* Why the program at `path`, which winname.h accepts, is not started, as the end of a
 * line: "is not a Windows program". NULL: it has the header of one, or is not to be seen
 * from here: the guest's own files, a short name, what is not there. */
const char *header_refuse(const struct drives *drives, const char *path);

#endif
