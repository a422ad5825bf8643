/* guest.h: the guest's end of interop: the broker, which owns the link to the
 * host, and the clients, which ask it for programs.
 */
#ifndef LANDBRIDGE_INTEROP_GUEST_H
#define LANDBRIDGE_INTEROP_GUEST_H

/* "landbridge-broker": started by PID 1 with the listening end of
 * /run/landbridge/interop.sock as descriptor 3. Serves until it is killed; a
 * new one takes over where it left off, with every running stream failed. */
int broker_main(int argc, char **argv);

#endif
