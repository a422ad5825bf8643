/* places.h: what guest and host must both know by name: where Landbridge is in
 * a guest, and which version this is. Nothing else says it again.
 */
#ifndef LANDBRIDGE_LIB_PLACES_H
#define LANDBRIDGE_LIB_PLACES_H

#define LANDBRIDGE_VERSION "0.1.0"

#define LANDBRIDGE_RUN "/run/landbridge"                 /* a tmpfs: gone with the run */
#define LANDBRIDGE_BIN LANDBRIDGE_RUN "/bin"             /* wslpath, wslinfo, ... */
#define LANDBRIDGE_SOCKET LANDBRIDGE_RUN "/interop.sock" /* held by PID 1 for ever */
#define LANDBRIDGE_P9D_SOCKET LANDBRIDGE_RUN "/p9d.sock" /* likewise: the guest's files */
#define LANDBRIDGE_P9D_PORT 564                          /* vsock: the number 9P has in TCP */
#define LANDBRIDGE_KEY_FILE LANDBRIDGE_RUN "/key"        /* of a tcp link, from the initramfs */
/* The program of the handler for .exe files that the boot registered; not there: none. */
#define LANDBRIDGE_HANDLER LANDBRIDGE_RUN "/handler"
#define LANDBRIDGE_SHIMS_DIR LANDBRIDGE_RUN "/shims"
#define LANDBRIDGE_SHIMS LANDBRIDGE_SHIMS_DIR "/bin"   /* names of the host's programs: in PATH */
#define LANDBRIDGE_SHIMS_TO LANDBRIDGE_SHIMS_DIR "/to" /* and where each is, as a link */
#define LANDBRIDGE_NAME_FILE LANDBRIDGE_RUN "/name"    /* the guest's, for wslpath */

/* What a guest has as /etc/resolv.conf, unless that stays the image's. */
#define LANDBRIDGE_RESOLV_CONF LANDBRIDGE_RUN "/etc/resolv.conf"

/* The serial number of the disk with the kernel's modules, at most 20 characters. */
#define LANDBRIDGE_MODULES "landbridge.modules"

/* The link to the host where nobody says another. */
#define LANDBRIDGE_LINK "serial:landbridge.0"

/* An attribute of all on a drive that is a fence and has no data (p9fs/p9fs.h). */
#define LANDBRIDGE_FENCE "user.landbridge.fence"

/* A key of a tcp link in an initramfs. */
#define LANDBRIDGE_INITRAMFS_KEY "/landbridge.key"

#endif
