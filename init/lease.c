/* lease.c: the boot step that has an address leased. */
#include <unistd.h>

#include "init/dhcp.h"
#include "init/distro.h"
#include "init/machine.h"
#include "init/net.h"
#include "init/netif.h"
#include "lib/lib.h"
#include "lib/places.h"

#if CFG_NET

/* Of name servers that somebody has chosen none is the lease's. */
static void dhcp_exec(const struct daemon *daemon)
{
	const struct settings *s = daemon->owner;
	char name[IF_NAMESIZE], names[] = LANDBRIDGE_RESOLV_CONF;
	char *argv[] = { (char[]){ "landbridge-dhcp" }, name, NULL, NULL };
	char *const envp[] = { NULL };

	if (!netif_first(NETIF_TOP, name))
		return;
	if (!s->dns && s->generate_resolv_conf)
		argv[2] = names;
	execve("/proc/self/exe", argv, envp);
}

int step_lease(struct distro *d)
{
	struct daemon *dhcp = &d->machine->daemons.at[DAEMON_DHCP];
	char name[IF_NAMESIZE];
	int err;

	if (!net_is_leased(&d->machine->settings) || !netif_first(NETIF_TOP, name))
		return 0;
	*dhcp = (struct daemon){ .step = d->boot->step,
				 .what = "DHCP client",
				 .exec = dhcp_exec,
				 .owner = &d->settings };
	err = daemon_start(&d->machine->daemons, dhcp);
	return err < 0 ? boot_unable(d->boot, err, "start the DHCP client") : 0;
}

#endif
