/* address.h: where a link leads to, as people write it. Pure: text in, struct
 * out.
 *
 *   serial:NAME      a virtio-serial port of the guest; letters, digits, ".-_"
 *   unix:PATH        a unix socket
 *   tcp:HOST:PORT    HOST: a name, an IPv4 address, an IPv6 one in brackets
 *   vsock:CID:PORT   vsock(7); both decimal
 *
 * One grammar for `--link` of run and agent, the broker's argv[1], and
 * landbridge.link. What a half does with one is dialer_of_guest's and dialer_of_host's to say (link.h).
 */
#ifndef LANDBRIDGE_INTEROP_LINK_ADDRESS_H
#define LANDBRIDGE_INTEROP_LINK_ADDRESS_H

#include <stdint.h>

enum address_kind { ADDRESS_SERIAL, ADDRESS_UNIX, ADDRESS_TCP, ADDRESS_VSOCK };

enum {
	ADDRESS_SERIAL_MAX = 64, /* more than QEMU's and the kernel's names have */
	ADDRESS_UNIX_MAX = 107,  /* sun_path, with its NUL */
	ADDRESS_HOST_MAX = 253,  /* a DNS name */
};

struct address {
	enum address_kind kind;
	char name[ADDRESS_HOST_MAX + 1]; /* NAME, PATH, HOST without brackets */
	uint32_t cid;                    /* vsock */
	uint32_t port;                   /* tcp, vsock */
};

/* For the end of a message: what address_parse takes. */
#define ADDRESS_GRAMMAR "serial:NAME, unix:PATH, tcp:HOST:PORT or vsock:CID:PORT"

/* 0, -EINVAL (not of the grammar; control characters), -ENAMETOOLONG. */
int address_parse(struct address *a, const char *text);

#endif
