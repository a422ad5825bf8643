/* virtio.c: what is on the virtio bus. */
#include "init/virtio.h"

#include <stdlib.h>

#include "lib/dirs.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"

struct present_walk {
	struct dir_walk walk;
	uint64_t ids;
};

static bool device_add(struct dir_walk *walk, int dir, const char *name)
{
	struct present_walk *p = container_of(walk, struct present_walk, walk);
	char path[96], text[16];
	unsigned long id;

	(void)dir;
	fmt(path, sizeof(path), "/sys/bus/virtio/devices/%s/device", name);
	if (file_read(path, text, sizeof(text)) <= 0)
		return true;
	id = strtoul(text, NULL, 16);
	if (id < 64)
		p->ids |= (uint64_t)1 << id;
	return true;
}

uint64_t virtio_present(void)
{
	struct present_walk p = { { device_add }, 0 };

	dir_each_path("/sys/bus/virtio/devices", &p.walk);
	return p.ids;
}
