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

static bool is_distribution(const char *name)
{
	struct distribution d;
	struct fault unheard = { 0 };
	struct dirs dirs;

	return dirs_find(&dirs, &unheard) == 0 && distribution_find(&d, &dirs, name) == 0;
}

/* NAME stands for the default image, unless a distribution or file has that name. */
static void name_or_image(struct options *o)
{
	if (!o->image || o->name || access(o->image, F_OK) == 0 || !options_name_fits(o->image) ||
	    is_distribution(o->image))
		return;
	if (strchr(o->image, '.'))
		return; /* a file that is not there */
	o->name = o->image;
	o->image = NULL;
	o->stock = true;
}

/* Takes the plan. */
static int start(struct plan *plan, struct fault *why)
{
	pid_t pid;
	int machine = supervisor_start(plan, &pid, why);

	return machine < 0 ? -1 : start_wait(machine, why);
}

int start_distribution(const char *name, struct fault *why)
{
	char word[MACHINE_NAME], command[] = "start";
	char *argv[] = { command, word, NULL };
	struct options o;
	struct plan *plan;

	fmt(word, sizeof(word), "%s", name);
	if (!is_distribution(word))
		return 0;
	if (options_parse(&o, COMMAND_START, argv, why) < 0)
		return -1;
	note("starting %s", name);
	plan = plan_make(&o, false, why);
	return plan ? start(plan, why) : -1;
}

int start_main(const struct options *options)
{
	struct options o = *options;
	struct fault why = { 0 };
	struct plan *plan;
	char name[MACHINE_NAME];

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
	if (start(plan, &why) < 0)
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

static void put_machine(struct writer *w, const char *name, const char *dir,
			const struct machine_status *s)
{
	char numbers[160];

	put_text(w, "{\"name\": ");
	put_json(w, name);
	put_text(w, ", \"phase\": ");
	put_json(w, s->phase);
	fmt(numbers, sizeof(numbers), ", \"supervisor\": %d, \"qemu\": %d, \"agent\": %d",
	    (int)s->supervisor, (int)s->qemu, (int)s->agent);
	put_text(w, numbers);
	put_text(w, ", \"directory\": ");
	put_json(w, dir);
	put_text(w, ", \"image\": ");
	put_json(w, s->image);
	put_text(w, "}");
}

static int list_line(struct machine_list *listing, const char *name, const char *dir,
		     const struct machine_status *status)
{
	char line[8 * PATH_MAX];
	struct writer w;

	writer_init(&w, line, sizeof(line));
	if (listing->json) {
		put_text(&w, listing->count ? ",\n " : "[");
		put_machine(&w, name, dir, status);
	} else {
		w.used = fmt(line, sizeof(line), "%-20s %-10s %7d  %s\n", name, status->phase,
			     (int)status->qemu, status->image);
		w.used = plain_text(line, w.used);
	}
	listing->count++;
	return fd_write_all(STDOUT_FILENO, line, w.used);
}

static int list_machine(void *owner, const struct machine *m)
{
	struct machine_status status;

	machine_ask(m, &status);
	return list_line(owner, m->name, m->dir, &status);
}

/* A machine that has it is listed as such. */
static int list_distribution(void *owner, const struct distribution *d)
{
	struct machine_status status = { .phase = "stopped" };

	if (distribution_is_held(d))
		return 0;
	fmt(status.image, sizeof(status.image), "%s", d->disk);
	return list_line(owner, d->name, d->dir, &status);
}

int list_main(const struct options *o)
{
	struct machine_list listing = { .json = o->json };
	struct fault why = { 0 };
	struct dirs dirs;

	if (dirs_find(&dirs, &why) < 0 || machines_each(list_machine, &listing, &why) < 0 ||
	    distributions_each(&dirs, list_distribution, &listing) < 0) {
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
