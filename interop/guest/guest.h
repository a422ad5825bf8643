/* guest.h: the guest's end of interop: the broker, which owns the link to the
 * host, and the clients, which ask it for programs.
 */
#ifndef LANDBRIDGE_INTEROP_GUEST_H
#define LANDBRIDGE_INTEROP_GUEST_H

/* "landbridge-broker": started by PID 1 with the listening end of
 * /run/landbridge/interop.sock as descriptor 3. Serves until it is killed; a
 * new one takes over where it left off, with every running stream failed.
 * argv[1] is the link's address: serial:NAME, a virtio-serial port (default
 * LANDBRIDGE_LINK), or unix:PATH, where it listens for the agent itself: no VM
 * is needed then; or tcp:HOST:PORT, which it calls under TLS, or vsock:2:PORT. argv[2] is the file
 * with the key for that (key.h), read only where it is needed. argv[3], unless there
 * is none or it is empty, is what clients are told that ask for a program: none is
 * started then, but the host may open sessions. argv[4] "mount": the host's drives are
 * to be mounted here when it tells of one that is not. That is landbridge-automount's
 * (init/init.h), which the broker starts. argv[5] and argv[6]: the users and groups that
 * may ask for programs, by name; none of both: everybody. argv[7]
 * "ports": TCP ports at which something listens are to be the host's, too, if it takes
 * them. */
int broker_main(int argc, char **argv);

/* A client asks the broker, at /run/landbridge/interop.sock and nowhere else,
 * for one program of the host and stands for it until that ends: its
 * descriptors, its terminal, its signals, its exit status. It needs no
 * privilege and gives none. Exit status: the program's, or after one line on
 * stderr 125 (the bridge failed), 126 (found, but cannot be run) or 127.
 *
 * client_main: as the kernel starts it for an .exe (binfmt_misc flag P):
 * argv = [/init, path, argv[0] of the caller, arguments...]. */
int client_main(int argc, char **argv);

/* landbridge-doctor [--json]: looks at the way to the host, piece by piece; a line for
 * each. Exit status 0, or 1: something does not work. */
int landbridge_doctor_main(int argc, char **argv);

/* landbridge-run [OPTION...] [--] PROGRAM [ARG...]: the same by hand (see
 * doc/landbridge-run.1). */
int landbridge_run_main(int argc, char **argv);

/* wslview FILE|URL: opens it on the host with the program that is there for it (see
 * doc/wslview.1). Exit status: as landbridge-run, or 1 after one line on stderr. */
int wslview_main(int argc, char **argv);

#endif
