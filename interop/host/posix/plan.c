/* plan.c: decides what a machine will be. */
#include "interop/host/posix/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interop/host/posix/net.h"
#include "interop/host/posix/ration.h"
#include "interop/host/posix/wall.h"
#include "interop/host/posix/rules_file.h"
#include "lib/lib.h"

/* Who starts as root gives the guest's users more than they may think. */
static void warn_of_root(void)
{
	if (geteuid() == 0)
		note("started as root: every user of the guest is root on this host for the "
		     "programs and drives it is given (better: start it as an ordinary user)");
}

static int walls_check(struct plan *p, struct wall_state *state, struct fault *why)
{
	char gap[WALL_GAP_MAX];

	wall_foresee(state);
	p->apart = state->apart == 0;
	if (wall_keeps(state) || !p->options.no_sandbox || !drives_read_only(&p->drives))
		return 0;
	wall_gap(state, gap, sizeof(gap));
	return fault_set(why, HOST_FAILED, "unable to keep a drive read-only: %s", gap);
}

/* What of the wall is missing is said before anything runs behind it. Where nothing will
 * (agent.c, wine_plan), who asks for a program is told. */
static void walls_tell(const struct plan *p, struct wall_state *state)
{
	struct fault gap = { .status = 0 };

	if (!p->wine.layer[0] && state->apart == 0)
		state->apart = -EOPNOTSUPP;
	if (wall_gap(state, gap.text, sizeof(gap.text)) > 0)
		fault_print(&gap);
}

/* Who asked for a limit that cannot be had is told. */
static void memory_tell(const struct rules *rules)
{
	struct fault gap = { .status = 0 };

	if (ration_gap(rules, ration_foresee(rules), gap.text, sizeof(gap.text)) > 0)
		fault_print(&gap);
}

static int wine_plan(struct plan *p, struct fault *why)
{
	struct fault full = { 0 };
	struct wall_state state;

	if (!p->wine.runs)
		return 0;
	if (walls_check(p, &state, why) < 0 ||
	    wine_prepare_layer(&p->wine, &p->drives, p->vm.name, why) < 0)
		return -1;
	if (wall_is_sandbox(&state) || p->options.no_sandbox) {
		walls_tell(p, &state);
		memory_tell(&p->rules);
	}
	if (wine_is_full(&p->wine)) {
		fault_set(
			&full, HOST_FAILED,
			"there is no room left in %s: Windows programs will not start (make some, or "
			"set LANDBRIDGE_HOME to another place)",
			p->dirs.home);
		fault_print(&full);
	}
	return 0;
}

/* A relative path would be another one's in the supervisor's eyes. */
static int socket_choose(struct plan *p, struct fault *why)
{
	const char *given = p->options.socket;
	char here[PATH_MAX];

	if (!given) {
		machine_path(&p->machine, "agent", p->socket);
		return 0;
	}
	if (given[0] != '/' && !getcwd(here, sizeof(here)))
		return fault_set(why, HOST_FAILED, "unable to use %s: %s", given, strerror(errno));
	if (path_format(p->socket, sizeof(p->socket), "%s%s%s", given[0] == '/' ? "" : here,
			given[0] == '/' ? "" : "/", given) < 0)
		return fault_set(why, HOST_FAILED, "unable to use %s: its name is too long", given);
	return 0;
}

/* More of either than there is makes a guest that never comes up. */
static int sizes_check(const struct options *o, struct fault *why)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	long long memory = (long long)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) >> 20;

	if (cpus > 0 && o->cpus > (unsigned long)cpus)
		return fault_set(
			why, HOST_FAILED,
			"unable to give the guest %u processors: this host has %ld (--cpus)",
			o->cpus, cpus);
	if (memory > 0 && o->memory > memory)
		return fault_set(
			why, HOST_FAILED,
			"unable to give the guest %u MiB of memory: this host has %lld (--memory)",
			o->memory, memory);
	return 0;
}

/* A word that is a distribution's name is that, and not a file's (./NAME is). */
static int distribution_choose(struct plan *p, struct fault *why)
{
	static char qcow2[] = "qcow2";
	struct options *o = &p->options;
	struct distribution *d = &p->distribution;
	char meant[MACHINE_NAME];

	if (!o->image && !o->stock && distribution_default(&p->dirs, meant) == 0) {
		if (distribution_need(d, &p->dirs, meant, why) < 0)
			return -1;
	} else if (!o->image || distribution_find(d, &p->dirs, o->image) < 0) {
		return 0;
	}
	if (o->format)
		return fault_set(why, HOST_FAILED,
				 "unable to take %s for %s: a distribution's disk is qcow2 (leave "
				 "--format out)",
				 d->name, o->format);
	if (distribution_apply(d, o, why) < 0 ||
	    (!o->dry_run && distribution_hold(d, "start", why) < 0))
		return -1;
	o->image = d->disk;
	o->format = qcow2;
	o->write = true;
	if (!o->name)
		o->name = d->name;
	return 0;
}

static int disks_find(struct plan *p, struct fault *why)
{
	for (size_t i = 0; i < p->options.disks.count; i++)
		if (disk_file_find(&p->disks[i], p->options.disks.at[i], why) < 0)
			return -1;
	return 0;
}

static int plan_fill(struct plan *p, bool any, struct fault *why)
{
	const struct options *o = &p->options;
	char policy[PATH_MAX];

	p->vm = (struct vm){ .options = o,
			     .drives = &p->drives,
			     .image = &p->image,
			     .disks = p->disks,
			     .dirs = &p->dirs,
			     .machine = &p->machine,
			     .console = -1,
			     .door = -1,
			     .ends = { -1, -1, -1, -1, -1 } };
	if (dirs_find(&p->dirs, why) < 0 || distribution_choose(p, why) < 0 ||
	    sizes_check(o, why) < 0 || drives_decide(&p->drives, &o->drives, &p->dirs, why) < 0 ||
	    rules_load(&p->rules, &p->dirs, &p->drives, policy, why) < 0 ||
	    rules_check_ports(&p->rules, o->ports, policy, why) < 0 ||
	    image_open(&p->image, o, &p->dirs, why) < 0 || disks_find(p, why) < 0 ||
	    vm_prepare(&p->vm, why) < 0 || wine_find(&p->wine, &p->dirs, &p->drives, why) < 0)
		return -1;
	if (o->dry_run)
		return 0;
	if (machine_create(&p->machine, p->vm.name, any && !p->distribution.name[0], why) < 0 ||
	    socket_choose(p, why) < 0)
		return -1;
	warn_of_root();
	return net_open(o, &p->vm.ends[VM_NET], why) < 0 ? -1 : wine_plan(p, why);
}

struct plan *plan_make(const struct options *options, bool any, struct fault *why)
{
	struct plan *p = calloc(1, sizeof(*p));

	if (!p) {
		fault_set(why, HOST_FAILED, "unable to start a machine: no memory");
		return NULL;
	}
	p->options = *options;
	p->wine.lock = p->machine.lock = p->distribution.lock = -1;
	for (size_t i = 0; i < VM_ENDS; i++)
		p->vm.ends[i] = -1;
	if (plan_fill(p, any, why) == 0)
		return p;
	machine_remove(&p->machine);
	plan_free(p);
	return NULL;
}

void plan_free(struct plan *p)
{
	fd_close(&p->machine.lock);
	fd_close(&p->wine.lock);
	fd_close(&p->distribution.lock);
	vm_close(&p->vm);
	args_free(&p->wine.env);
	free(p);
}
