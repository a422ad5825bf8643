/* start.c: landbridge start, list, stop and log: machines that stay. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "interop/host/plain.h"
#include "interop/host/posix/commands.h"
#include "interop/host/posix/supervisor.h"
#include "lib/lib.h"

/* --- start ------------------------------------------------------------------- */

/* Waits until it is up; it stays then. */
static int start_wait(int machine, struct fault *why)
{
	struct supervisor_event event;

	while (supervisor_hear(machine, &event)) {
		if (event.what == MACHINE_UP) {
			supervisor_say(machine, SUPERVISOR_KEEP);
			return 0;
		}
		if (event.what == MACHINE_EMERGENCY)
			supervisor_say(machine, SUPERVISOR_END);
		if (event.what < MACHINE_STOPPED)
			continue;
		*why = event.fault;
		fault_set(why, HOST_FAILED, "the guest powered itself off");
		supervisor_add_log(why, event.log);
		return -1;
	}
	return fault_set(why, HOST_FAILED, "the machine's supervisor was killed");
}

/* NAME stands for the default image, unless a file has that name. */
static void name_or_image(struct options *o)
{
	if (!o->image || o->name || access(o->image, F_OK) == 0 || !options_name_fits(o->image))
		return;
	if (strchr(o->image, '.'))
		return; /* a file that is not there */
	o->name = o->image;
	o->image = NULL;
}

int start_main(const struct options *options)
{
	struct options o = *options;
	struct fault why = { 0 };
	struct plan *plan;
	char name[MACHINE_NAME];
	pid_t pid;
	int machine;

	name_or_image(&o);
	plan = plan_make(&o, false, &why);
	if (!plan)
		return fault_print(&why);
	if (o.dry_run) {
		vm_print(&plan->vm, &why);
		plan_free(plan);
		return why.status ? fault_print(&why) : 0;
	}
	memcpy(name, plan->machine.name, sizeof(name));
	machine = supervisor_start(plan, &pid, &why);
	if (machine < 0 || start_wait(machine, &why) < 0)
		return fault_print(&why);
	note("%s is up: landbridge shell %s opens a shell in it", name, name);
	return 0;
}

/* --- list --------------------------------------------------------------------- */

struct machine_list {
	bool json;
	size_t count;
};

static void put_json(struct writer *w, const char *text)
{
	char escaped[8];

	write_u8(w, '"');
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == '"' || *text == '\\') {
			fmt(escaped, sizeof(escaped), "\\u%04x", (unsigned char)*text);
			write_bytes(w, escaped, strlen(escaped));
		} else {
			write_u8(w, (uint8_t)*text);
		}
	}
	write_u8(w, '"');
}

static void put_text(struct writer *w, const char *text)
{
	write_bytes(w, text, strlen(text));
}

static void put_machine(struct writer *w, const struct machine *m, const struct machine_status *s)
{
	char numbers[160];

	put_text(w, "{\"name\": ");
	put_json(w, m->name);
	put_text(w, ", \"phase\": ");
	put_json(w, s->phase);
	fmt(numbers, sizeof(numbers), ", \"supervisor\": %d, \"qemu\": %d, \"agent\": %d",
	    (int)s->supervisor, (int)s->qemu, (int)s->agent);
	put_text(w, numbers);
	put_text(w, ", \"directory\": ");
	put_json(w, m->dir);
	put_text(w, ", \"image\": ");
	put_json(w, s->image);
	put_text(w, "}");
}

static int list_one(void *owner, const struct machine *m)
{
	struct machine_list *listing = owner;
	struct machine_status status;
	char line[8 * PATH_MAX];
	struct writer w;

	machine_ask(m, &status);
	writer_init(&w, line, sizeof(line));
	if (listing->json) {
		put_text(&w, listing->count ? ",\n " : "[");
		put_machine(&w, m, &status);
	} else {
		w.used = fmt(line, sizeof(line), "%-20s %-10s %7d  %s\n", m->name, status.phase,
			     (int)status.qemu, status.image);
		w.used = plain_text(line, w.used);
	}
	listing->count++;
	return fd_write_all(STDOUT_FILENO, line, w.used);
}

int list_main(const struct options *o)
{
	struct machine_list listing = { .json = o->json };
	struct fault why = { 0 };

	if (machines_each(list_one, &listing, &why) < 0) {
		fault_set(&why, HOST_FAILED, "unable to write the list");
		return fault_print(&why);
	}
	if (o->json)
		fd_write_all(STDOUT_FILENO, listing.count ? "]\n" : "[]\n", listing.count ? 2 : 3);
	return 0;
}

/* --- stop, log ------------------------------------------------------------------ */

int stop_main(const struct options *o)
{
	struct supervisor_event event = { .what = MACHINE_UP };
	struct fault why = { 0 };
	struct machine m;
	int fd;

	if (machine_find(&m, o->machine, &why) < 0)
		return fault_print(&why);
	fd = supervisor_call(&m, &why);
	if (fd < 0)
		return fault_print(&why);
	supervisor_say(fd, SUPERVISOR_STOP);
	while (event.what < MACHINE_STOPPED && supervisor_hear(fd, &event))
		;
	if (event.what == MACHINE_STOPPED)
		return 0;
	if (event.what < MACHINE_STOPPED)
		fault_set(&event.fault, HOST_FAILED,
			  "unable to see %s stop: its supervisor hung up (ask landbridge list)",
			  m.name);
	supervisor_add_log(&event.fault, event.log);
	return fault_print(&event.fault);
}

int log_main(const struct options *o)
{
	char path[MACHINE_DIR], text[64 * 1024];
	bool shown = isatty(STDOUT_FILENO);
	struct fault why = { 0 };
	struct machine m;
	ssize_t n;
	int fd;

	if (machine_find(&m, o->machine, &why) < 0)
		return fault_print(&why);
	machine_path(&m, "log", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (n = read(fd, text, sizeof(text))) > 0)
		/* The guest's text does not drive a terminal of ours. */
		if (fd_write_all(STDOUT_FILENO, text,
				 shown ? plain_text(text, (size_t)n) : (size_t)n) < 0)
			break;
	if (fd < 0) {
		fault_set(&why, HOST_FAILED, "unable to read %s: %s", path, strerror(errno));
		return fault_print(&why);
	}
	close(fd);
	return 0;
}
