/* winname.h: which Windows paths and names a guest may use. Pure.
 *
 * Sources: Microsoft, "Naming Files, Paths, and Namespaces"; CVE-2024-43402
 * for batch files in disguise.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_WINNAME_H
#define LANDBRIDGE_INTEROP_HOST_WINNAME_H

#include <stdbool.h>

/* NULL when the path is an absolute one on a drive (C:\x or C:/x), or of a guest
 * (winname_is_shared), that names nothing but files, else why not, as the end of a sentence. To be asked
 * before any file function sees the path: \\server\share leaks credentials,
 * \\.\, CON and file:stream are no files, a name's trailing dots and spaces
 * are dropped by Windows. */
const char *winname_refuse(const char *path);

/* Whether the path is \\wsl.localhost\NAME or \\wsl$\NAME, which are a guest's files, or
 * below; of this guest; and whether one of this guest's is somewhere in a text. Without
 * regard to case. */
bool winname_is_shared(const char *path);
bool winname_is_of(const char *path, const char *name);
bool winname_mentions(const char *text, const char *name);

/* The C:\x of what Windows says where a file really is, \\?\C:\x. NULL: on no drive, as
 * \\?\UNC\server\share\x and Wine's \\?\unix\x are. */
const char *winname_of_final(const char *path);

/* True for what cmd.exe has to run: NAME.bat and NAME.cmd. */
bool winname_is_batch(const char *path);

/* True for what powershell.exe has to run: NAME.ps1. */
bool winname_is_powershell(const char *path);

/* True for cmd.exe itself, wherever it is. */
bool winname_is_cmd(const char *path);

/* True when the guest may not set this environment variable of a Windows
 * program: it would change what code runs. Without regard to case. */
bool winname_env_denied(const char *entry);
/* Whether NAME of NAME=value is `name`, whatever its case; one that ends in * is how it
 * begins. */
bool winname_env_is(const char *entry, const char *name);

#endif
