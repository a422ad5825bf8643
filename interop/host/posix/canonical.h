/* canonical.h: the one name of a file on a drive.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_CANONICAL_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_CANONICAL_H

#include "interop/host/drives.h"
#include "interop/host/rules.h"

/* From any path on a drive that winname.h accepts to the one that names the same file
 * without links, . and .., as it is spelled on disk and on the drive where it really is:
 * c:\TOOLS\..\link\X.EXE becomes D:\real\x.exe. A short name (PROGRA~1) that is no real
 * one is not found. `out` has PATH_MAX bytes. 0, or -ENOENT; -EXDEV: it is on no drive;
 * -ENAMETOOLONG; others of realpath(3). */
int canonical_path(const struct drives *drives, const char *path, char *out);

/* The host's name of that file, without links, wherever they lead: PATH_MAX bytes. 0, or
 * the same errors. */
int canonical_file(const struct drives *drives, const char *path, char *real);

/* Whether rules.h allows a file by its canonical path. One with names on several drives
 * may run when no line denies one of them, and one of them is allowed. *by as there. */
bool canonical_may_run(const struct drives *drives, const struct rules *rules,
		       const char *canonical, const struct policy_rule **by);

#endif
