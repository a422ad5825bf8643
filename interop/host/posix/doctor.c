/* doctor.c: landbridge doctor: what works here, and what to do. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interop/host/posix/commands.h"
#include "interop/host/posix/machine.h"
#include "interop/host/posix/qemu.h"
#include "interop/host/posix/ration.h"
#include "interop/host/posix/rules_file.h"
#include "interop/host/posix/session.h"
#include "interop/host/posix/vm.h"
#include "interop/host/posix/wall.h"
#include "lib/lib.h"
#include "lib/report.h"

struct visit {
	struct checkup report;
	struct dirs dirs;
	struct drives drives;
	struct fault why;
};

/* A fault of something that was tried is what there is to say. */
static void say_fault(struct visit *v, const char *check)
{
	report_line(&v->report, REPORT_FAIL, check, "%s", v->why.text);
	v->why = (struct fault){ 0 };
}

static void look_tool(struct visit *v, const char *check, const char *name, const char *without)
{
	char path[PATH_MAX];

	if (path_search(name, path, sizeof(path)) == 0)
		report_line(&v->report, REPORT_OK, check, "%s", path);
	else
		report_line(&v->report, REPORT_NOTE, check, "%s is not installed: %s", name,
			    without);
}

static void look_qemu(struct visit *v)
{
	struct vm vm = { .dirs = &v->dirs };
	char program[PATH_MAX];

	if (path_search(QEMU, program, sizeof(program)) < 0) {
		report_line(&v->report, REPORT_FAIL, "qemu",
			    "there is no " QEMU " (install qemu-system-x86)");
		return;
	}
	report_line(&v->report, REPORT_OK, "qemu", "%s", program);
	if (access("/dev/kvm", F_OK) < 0)
		report_line(&v->report, REPORT_NOTE, "kvm",
			    "there is no /dev/kvm: guests are slow (switch virtualisation on)");
	else if (access("/dev/kvm", R_OK | W_OK) < 0)
		report_line(&v->report, REPORT_NOTE, "kvm",
			    "/dev/kvm: %s: guests are slow (add the user to the group kvm)",
			    strerror(errno));
	else if (!vm_has_kernel(&vm))
		report_line(&v->report, REPORT_NOTE, "kvm",
			    "not tried: there is no kernel yet to start under it");
	else if (qemu_kvm_works(program, vm.kernel, &v->dirs))
		report_line(&v->report, REPORT_OK, "kvm", "a kernel starts under it");
	else
		report_line(&v->report, REPORT_NOTE, "kvm",
			    "no kernel starts under /dev/kvm here: guests are slow");
}

static void look_wine(struct visit *v)
{
	struct wine wine;

	if (wine_find(&wine, &v->dirs, &v->drives, &v->why) < 0) {
		say_fault(v, "wine");
		return;
	}
	fd_close(&wine.lock);
	args_free(&wine.env);
	if (access(wine.helper, R_OK) < 0)
		report_line(&v->report, REPORT_FAIL, "wine", "unable to read %s: %s (make build)",
			    wine.helper, strerror(errno));
	else
		report_line(&v->report, REPORT_OK, "wine", "%s", wine.loader);
}

static void look_wall(struct visit *v)
{
	char gap[WALL_GAP_MAX];
	struct wall_state state;

	wall_foresee(&state);
	if (wall_gap(&state, gap, sizeof(gap)) > 0)
		report_line(&v->report, REPORT_NOTE, "wall", "%s%s", gap,
			    wall_is_sandbox(&state) ? "" : ": they run with --no-sandbox alone");
	else
		report_line(&v->report, REPORT_OK, "wall",
			    "Windows programs are kept to their drives");
}

static void look_display(struct visit *v)
{
	const char *x = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");

	if ((x && *x) || (wayland && *wayland))
		report_line(&v->report, REPORT_OK, "display", "%s", x && *x ? x : wayland);
	else
		report_line(&v->report, REPORT_NOTE, "display",
			    "none: Windows programs with windows are refused (set DISPLAY)");
}

static void look_memory(struct visit *v, const struct rules *rules)
{
	char gap[CGROUP_GAP_MAX];

	if (!rules->memory)
		report_line(&v->report, REPORT_OK, "memory",
			    "Windows programs have what the host has (the policy's memory)");
	else if (ration_gap(rules, ration_foresee(rules), gap, sizeof(gap)) > 0)
		report_line(&v->report, REPORT_NOTE, "memory", "%s", gap);
	else
		report_line(&v->report, REPORT_OK, "memory",
			    "Windows programs of a machine have %u MiB, each %u at most",
			    rules->memory, rules_memory_each(rules));
}

static void look_policy(struct visit *v)
{
	struct rules rules;
	char path[PATH_MAX];

	if (rules_load(&rules, &v->dirs, &v->drives, path, &v->why) < 0) {
		say_fault(v, "policy");
		return;
	}
	look_memory(v, &rules);
	if (!*path)
		report_line(&v->report, REPORT_OK, "policy",
			    "none: guests may run whatever is on their drives (%s/policy)",
			    v->dirs.home);
	else
		report_line(&v->report, REPORT_OK, "policy", "%s: default %s, %zu patterns", path,
			    rules.allow ? "allow" : "deny", rules.count);
}

static void look_files(struct visit *v)
{
	struct vm vm = { .dirs = &v->dirs };
	char path[PATH_MAX];

	if (path_format(path, sizeof(path), "%s/init", v->dirs.data) == 0 &&
	    access(path, R_OK) == 0)
		report_line(&v->report, REPORT_OK, "init", "%s", path);
	else
		report_line(&v->report, REPORT_FAIL, "init", "there is no %s (make build)", path);
	if (vm_has_kernel(&vm))
		report_line(&v->report, REPORT_OK, "kernel", "%s", vm.kernel);
	else
		report_line(&v->report, REPORT_NOTE, "kernel",
			    "there is none yet (the first run fetches Debian's)");
}

/* What the guest's own doctor says goes out as it is. */
static void look_machine(struct visit *v, const char *name)
{
	char doctor[] = LANDBRIDGE_BIN "/landbridge-doctor", json[] = "--json", socket[MACHINE_DIR];
	char *command[] = { doctor, v->report.json ? json : NULL, NULL };
	const struct session session = { .user = "root", .command = command };
	struct outcome out = { .how = OUTCOME_LOST };
	struct machine_status status;
	struct machine m;

	if (machine_find(&m, name, &v->why) < 0) {
		say_fault(v, "machine");
		return;
	}
	machine_ask(&m, &status);
	report_line(&v->report, REPORT_OK, "machine", "%s is %s", name, status.phase);
	machine_path(&m, "agent", socket);
	session_run(socket, &session, &out);
	if (out.text[0])
		report_line(&v->report, REPORT_FAIL, "session", "%s", out.text);
	v->report.failed |= outcome_status(&out) != 0;
}

int doctor_main(const struct options *o)
{
	const struct drives none = { 0 };
	struct visit v = { .report = { .fd = STDOUT_FILENO, .json = o->json } };

	if (dirs_find(&v.dirs, &v.why) < 0 || drives_decide(&v.drives, &none, &v.dirs, &v.why) < 0)
		return fault_print(&v.why);
	report_line(&v.report, REPORT_OK, "host", "Landbridge " LANDBRIDGE_VERSION);
	look_files(&v);
	look_qemu(&v);
	look_wine(&v);
	look_wall(&v);
	look_display(&v);
	look_tool(&v, "net", "passt", "guests reach nothing outside (--net host works)");
	look_tool(&v, "mount", "fusermount3", "landbridge mount does not work (install fuse3)");
	look_policy(&v);
	if (o->machine)
		look_machine(&v, o->machine);
	return v.report.failed;
}
