/* ethernet.h: what a guest may send to the network. Pure. */
#ifndef LANDBRIDGE_INTEROP_HOST_ETHERNET_H
#define LANDBRIDGE_INTEROP_HOST_ETHERNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether an Ethernet frame of the guest may go on to what carries its network with
 * sockets of this host: ARP, IPv4 and IPv6, but none to an address that means the
 * host itself: 127.0.0.0/8, 0.0.0.0/8 (RFC 6890), ::, ::1 and whatever else of
 * IPv6 has an IPv4 address in its last bytes alone (RFC 4291, 2.5). */
bool frame_may_leave(const uint8_t *frame, size_t len);

/* Of a stream of frames, each after its length in 4 bytes, highest first (QEMU's
 * -netdev socket): takes those out that may not leave, in place. Returns how many
 * bytes of whole frames are left at the beginning; *len is that and what comes
 * after them, the beginning of a frame. A length of 0 or more than FRAME_MAX:
 * -1, the stream is none. */
enum { FRAME_MAX = 65550 };
long frames_filter(uint8_t *stream, size_t *len);

#endif
