/* layer.h: a machine's own layer over the Wine prefix that all machines start from.
 *
 *     HOME/wine                    the prefix as it was made, read by all
 *     HOME/machines/NAME/upper     what is different in this machine: registry,
 *                                  drives, files; kept for the next one of that name
 *     HOME/machines/NAME/work      overlayfs's own
 *
 * The two are one directory, at HOME/wine, in a mount namespace of the machine's
 * agent (kernel document: filesystems/overlayfs). So a machine's programs have a
 * server and a registry of their own, and end nobody else's.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_LAYER_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_LAYER_H

/* Makes `dir`/upper and /work where they are not. Leaves the host's namespaces
 * (view_leave) and mounts the layer in `dir` on `lower`. 0 or negative errno:
 * -EPERM, -EUSERS where this user may have no namespaces, -EINVAL where the file
 * system of `dir` cannot be one (an overlay itself, a name with a colon or comma). */
int layer_mount(const char *lower, const char *dir);

/* What that will come to: tried in a process of its own. */
int layer_try(const char *lower, const char *dir);

#endif
