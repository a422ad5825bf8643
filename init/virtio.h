/* virtio.h: what is on the virtio bus. */
#ifndef LANDBRIDGE_INIT_VIRTIO_H
#define LANDBRIDGE_INIT_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

/* Device ids of the virtio specification. */
enum virtio_device {
	VIRTIO_NET = 1,
	VIRTIO_BLK = 2,
	VIRTIO_CONSOLE = 3,
	VIRTIO_RNG = 4,
	VIRTIO_BALLOON = 5,
	VIRTIO_9P = 9,
	VIRTIO_VSOCK = 19,
	VIRTIO_FS = 26,
};

/* A bit for each device id that is there. */
uint64_t virtio_present(void);

static inline bool virtio_has(uint64_t present, enum virtio_device device)
{
	return present >> device & 1;
}

#endif
