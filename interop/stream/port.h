/* port.h: where the core puts its frames. Private to interop/stream. Pure.
 *
 * The owner of a port asks for what is due whenever it can take more: control
 * frames first, then one DATA frame.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_PORT_H
#define LANDBRIDGE_INTEROP_STREAM_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interop/wire/wire.h"

struct port {
	/* A control frame. False: no room in this round. */
	bool (*put)(struct port *port, enum wire_type type, int flags, const void *payload,
		    size_t len);
	/* Data of at most WIRE_DATA_MAX bytes, which stay until they have left. */
	void (*data)(struct port *port, int fd, const void *data, size_t len);
};

static inline bool port_put_u32(struct port *port, enum wire_type type, int flags, uint32_t value)
{
	uint8_t bytes[4];
	struct writer w;

	writer_init(&w, bytes, sizeof(bytes));
	write_u32(&w, value);
	return port->put(port, type, flags, bytes, sizeof(bytes));
}

#endif
