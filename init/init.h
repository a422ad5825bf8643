/* init.h: the guest from the kernel's hand-over to a login shell.
 *
 * /init is one program with many names (main.c picks by basename(argv[0])).
 * As PID 1 it runs a table of named boot steps and then reaps and waits for
 * ever. A step that fails prints one line and either goes on or ends in an
 * emergency shell on the console; leaving that shell powers off. In the kernel
 * log the host half finds, one line each (priority 3, so that they reach the
 * serial console under `quiet`):
 *     landbridge: warning STEP: TEXT     what is wrong, and does not count
 *     landbridge: failed STEP: TEXT      this step failed
 *     landbridge: emergency shell        and the boot stops here
 *     landbridge: powering off           ... or here: there is no shell
 *
 * Signals PID 1 obeys: doc/landbridge-init.8. In a pid namespace all that power
 * off or reboot make it exit.
 *
 * What the image keeps: nothing. /init, /sbin/mount.drvfs,
 * {/bin,/usr/bin}/{wslpath,wslinfo}, /etc/{hosts,hostname,resolv.conf} and
 * /etc/profile.d/landbridge.sh are bind mounts for the run over what is there,
 * or over an empty file made for the run and removed at power-off (an empty one
 * left by a crash is taken for ours and removed at the next power-off); /mnt/wsl is
 * in memory.
 */
#ifndef LANDBRIDGE_INIT_INIT_H
#define LANDBRIDGE_INIT_INIT_H

#include "lib/places.h"

/* One line: what sessions have at the end of PATH, for /etc/profile.d. */
#define LANDBRIDGE_PATH_FILE LANDBRIDGE_RUN "/path"

/* PID 1. Does not return. */
int init_main(int argc, char **argv);

/* Serves one session: descriptor 3 is the endpoint (interop/stream/stream.h),
 * LANDBRIDGE_HOST_PATH in the environment the host's Windows PATH. */
int session_main(int argc, char **argv);

/* landbridge-dhcp INTERFACE [RESOLV.CONF]: leases an address for the interface, and
 * keeps it; the name servers go to the file. PID 1 starts it (dhcp.h). */
int dhcp_main(int argc, char **argv);

/* mount.drvfs SOURCE TARGET [-sfnv] [-o OPTIONS], as mount(8) calls its
 * helpers. Exit status 0, 1 (usage) or 32 (mount failed). */
int mount_drvfs_main(int argc, char **argv);

/* landbridge-drive: the process behind a drive that the host's agent serves, which
 * mount.drvfs and PID 1 start (linkdrive.h). */
int landbridge_drive_main(int argc, char **argv);

/* landbridge-automount LETTERS [add|remove]: when the boot is over, mounts these drives
 * at their places below automount.root, as at boot, where they are not; unless automount
 * is switched off. Says in the kernel's log what it cannot; with add, on stderr, and has
 * the exit status 1 then. remove: unmounts them, wherever they are, and says which were
 * in use. The host starts the latter two (doc/PROTOCOL, section 10.2). */
int landbridge_automount_main(int argc, char **argv);

/* landbridge-shims: the process behind the names of the host's programs (shims.h), which
 * PID 1 starts. */
int landbridge_shims_main(int argc, char **argv);

/* init --check-config [FILE]: prints what of wsl.conf counts, as a wsl.conf with the
 * origin of each value behind it, and on stderr each line that does not. Exit status
 * 0; 1: there is such a line; 2: FILE cannot be read. */
int check_config_main(int argc, char **argv);

/* wslinfo --networking-mode | --wsl-version | --vm-id | ... [-n]. */
int wslinfo_main(int argc, char **argv);

#endif
