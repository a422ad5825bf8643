/* netif.c: the machine's network interfaces, as /sys/class/net has them. */
#include "init/netif.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/dirs.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"

enum { ETHERNET = 1 }; /* ARPHRD_ETHER */

struct netif_walk {
	struct dir_walk walk;
	const char *top;
	char *name;
	long first;
};

static long number_of(const struct netif_walk *w, const char *interface, const char *what)
{
	char path[256], text[24];

	fmt(path, sizeof(path), "%s/%s/%s", w->top, interface, what);
	return file_read(path, text, sizeof(text)) > 0 ? strtol(text, NULL, 10) : -1;
}

static bool netif_consider(struct dir_walk *walk, int dir, const char *name)
{
	struct netif_walk *w = container_of(walk, struct netif_walk, walk);
	char device[256];
	long index;

	if (strlen(name) >= IF_NAMESIZE)
		return true;
	(void)dir;
	fmt(device, sizeof(device), "%s/%s/device", w->top, name);
	if (access(device, F_OK) < 0 || number_of(w, name, "type") != ETHERNET)
		return true;
	index = number_of(w, name, "ifindex");
	if (index > 0 && index < w->first) {
		w->first = index;
		fmt(w->name, IF_NAMESIZE, "%s", name);
	}
	return true;
}

int netif_first(const char *top, char name[IF_NAMESIZE])
{
	struct netif_walk w = { { netif_consider }, top, name, LONG_MAX };

	dir_each_path(top, &w.walk);
	return w.first == LONG_MAX ? 0 : (int)w.first;
}
