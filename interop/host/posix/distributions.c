/* distributions.c: landbridge import, export, set, set-default, compact and remove. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* rename */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interop/host/posix/commands.h"
#include "interop/host/posix/distribution.h"
#include "interop/host/posix/image.h"
#include "interop/host/posix/script.h"
#include "lib/lib.h"

/* --- import -------------------------------------------------------------------- */

static const char *kind_of(const struct image *image)
{
	return image->kind == IMAGE_TAR   ? "tar"
	       : image->kind == IMAGE_DIR ? "dir"
					  : disk_format_of_qemu(image->format);
}

static int import_check(const struct options *o, const struct image *image, const struct dirs *dirs,
			struct fault *why)
{
	struct distribution other;

	if (o->name && distribution_find(&other, dirs, o->name) == 0)
		return fault_set(why, HOST_FAILED,
				 "unable to import %s: there is a distribution %s already",
				 o->image, o->name);
	if (o->size && image->kind == IMAGE_DISK)
		return fault_set(why, HOST_FAILED,
				 "unable to import %s with --size: a disk stays as large as it is",
				 o->image);
	return 0;
}

static int import(const struct options *o, struct script *make, struct fault *why)
{
	enum { USUAL_SIZE = 64 << 10 /* MiB */ };
	struct image image;
	struct dirs dirs;

	if (dirs_find(&dirs, why) < 0 || image_look(&image, o, &dirs, why) < 0 ||
	    import_check(o, &image, &dirs, why) < 0)
		return -1;
	note("making a distribution of %s", image.path);
	args_add(&make->args, "--import");
	args_add(&make->args, "%s", kind_of(&image));
	args_add(&make->args, "%s", image.path);
	args_add(&make->args, "%u", o->size ? o->size : USUAL_SIZE);
	args_add(&make->args, "%s%s", o->name ? o->name : image.name, o->name ? "" : "?");
	args_add(&make->args, "%s/distributions", dirs.home);
	return script_run(make, &dirs, why);
}

int import_main(const struct options *o)
{
	struct script make = { .name = "make-image", .out = -1 };
	struct fault why = { 0 };

	if (import(o, &make, &why) < 0)
		return fault_print(&why);
	note("%s is there: landbridge run %s starts it", make.said, make.said);
	return 0;
}

/* --- export -------------------------------------------------------------------- */

/* What is there and no file is written to as it is. */
static int export_open(const char *file, struct fault *why)
{
	struct stat st;
	int fd = -1;

	if (strcmp(file, "-") == 0) {
		if (isatty(STDOUT_FILENO))
			return fault_set(why, HOST_FAILED,
					 "unable to export to a terminal: give a file");
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	} else if (stat(file, &st) < 0 || S_ISREG(st.st_mode)) {
		return 0;
	} else {
		fd = open(file, O_WRONLY | O_CLOEXEC);
	}
	return fd < 0 ? fault_set(why, HOST_FAILED, "unable to export to %s: %s", file,
				  strerror(errno))
		      : fd;
}

static int export(const struct options *o, struct distribution *d, struct fault *why)
{
	struct script make = { .name = "make-image", .out = -1 };
	struct dirs dirs;

	if (dirs_find(&dirs, why) < 0 || distribution_need(d, &dirs, o->machine, why) < 0 ||
	    distribution_hold(d, "export", why) < 0)
		return -1;
	make.out = export_open(o->file, why);
	if (make.out < 0)
		return -1;
	args_add(&make.args, "--export");
	args_add(&make.args, "%s", o->format ? o->format : "tar");
	args_add(&make.args, "%s", d->disk);
	if (make.out > 0)
		args_add(&make.args, "&%d", make.out);
	else
		args_add(&make.args, "%s%s", o->file[0] == '/' ? "" : "./", o->file);
	if (make.out == 0)
		make.out = -1;
	return script_run(&make, &dirs, why);
}

static int with_distribution(int (*act)(const struct options *o, struct distribution *d,
					struct fault *why),
			     const struct options *o)
{
	struct distribution d;
	struct fault why = { 0 };

	return act(o, &d, &why) < 0 ? fault_print(&why) : 0;
}

int export_main(const struct options *o)
{
	return with_distribution(export, o);
}

/* --- set, set-default ------------------------------------------------------------ */

/* A directory is meant from here, and not from where the machine will start. */
static int drive_value(char *out, size_t size, const char *given, struct fault *why)
{
	struct drives drives = { .count = 0 };
	char path[PATH_MAX];

	if (drive_parse(&drives, given, why) < 0)
		return -1;
	if (!realpath(drives.at[0].dir, path))
		return fault_set(why, HOST_FAILED, "unable to use %s as drive %c: %s",
				 drives.at[0].dir, drives.at[0].letter, strerror(errno));
	return path_format(out, size, "%c:=%s%s", drives.at[0].letter, path,
			   drives.at[0].read_only ? ",ro" : "");
}

/* One that takes a setting back needs no value that makes sense. */
static int set_check(const char *key, char *value, struct fault *why)
{
	struct options *scratch = calloc(1, sizeof(*scratch));
	int r = 0;

	if (scratch && (*value || !options_is_setting(key)))
		r = options_default(scratch, key, value, why);
	free(scratch);
	return scratch ? r : -ENOMEM;
}

static int set_one(struct distribution *d, char *word, struct fault *why)
{
	char *value = strchr(word, '='), drive[PATH_MAX + 8];
	int r = 0;

	if (!value)
		return fault_set(why, HOST_FAILED, "unable to set %s: give KEY=VALUE", word);
	*value++ = '\0';
	if (strcmp(word, "drive") != 0) {
		r = set_check(word, value, why);
	} else if (strlen(value) > strlen("D:=")) {
		r = drive_value(drive, sizeof(drive), value, why);
		value = drive;
	} else if (!*value || (strcmp(value + 1, ":") != 0 && strcmp(value + 1, ":=") != 0)) {
		r = drive_parse(&(struct drives){ .count = 0 }, value, why);
	}
	if (r == 0)
		r = profile_set(d->profile, word, value);
	return r == 0 ? 0 : fault_set(why, HOST_FAILED, "unable to set %s to %s", word, value);
}

static int set(const struct options *o, struct distribution *d, struct fault *why)
{
	struct dirs dirs;

	if (dirs_find(&dirs, why) < 0 || distribution_need(d, &dirs, o->machine, why) < 0 ||
	    distribution_read(d, why) < 0)
		return -1;
	if (!o->command)
		return fd_write_all(STDOUT_FILENO, d->profile, strlen(d->profile)) < 0
			       ? fault_set(why, HOST_FAILED, "unable to write the settings")
			       : 0;
	for (char **word = o->command; *word; word++)
		if (set_one(d, *word, why) < 0)
			return -1;
	if (distribution_is_held(d))
		note("%s has that when it is started the next time", d->name);
	return distribution_write(d, why);
}

int set_main(const struct options *o)
{
	return with_distribution(set, o);
}

static int default_print(const struct dirs *dirs)
{
	char name[MACHINE_NAME];

	if (distribution_default(dirs, name) == 0)
		dprintf(STDOUT_FILENO, "%s\n", name);
	return 0;
}

static int set_default(const struct options *o, struct distribution *d, struct fault *why)
{
	struct dirs dirs;

	if (dirs_find(&dirs, why) < 0)
		return -1;
	if (!o->machine)
		return default_print(&dirs);
	if (strcmp(o->machine, "-") == 0)
		return distribution_set_default(&dirs, NULL, why);
	if (distribution_need(d, &dirs, o->machine, why) < 0)
		return -1;
	return distribution_set_default(&dirs, d->name, why);
}

int set_default_main(const struct options *o)
{
	return with_distribution(set_default, o);
}

/* --- compact ---------------------------------------------------------------------- */

static int compact(const struct options *o, struct distribution *d, struct fault *why)
{
	struct script make = { .name = "make-image", .out = -1 };
	struct dirs dirs;

	if (dirs_find(&dirs, why) < 0 || distribution_need(d, &dirs, o->machine, why) < 0 ||
	    distribution_hold(d, "compact", why) < 0)
		return -1;
	args_add(&make.args, "--compact");
	args_add(&make.args, "%s", d->disk);
	if (o->size)
		args_add(&make.args, "%u", o->size);
	return script_run(&make, &dirs, why);
}

int compact_main(const struct options *o)
{
	return with_distribution(compact, o);
}

/* --- remove -------------------------------------------------------------------- */

/* It is gone at once; its room is free a moment later. */
static int distribution_remove(const struct options *o, struct distribution *d, struct fault *why)
{
	char gone[PATH_MAX + 32], text[256], rm[] = "rm", all[] = "-rf";
	char *argv[] = { rm, all, gone, NULL };
	struct dirs dirs;
	int status;

	if (dirs_find(&dirs, why) < 0 || distribution_need(d, &dirs, o->machine, why) < 0 ||
	    distribution_hold(d, "remove", why) < 0)
		return -1;
	if (distribution_default(&dirs, text) == 0 && strcmp(text, d->name) == 0 &&
	    distribution_set_default(&dirs, NULL, why) < 0)
		return -1;
	fmt(gone, sizeof(gone), "%s/distributions/.gone.%d", dirs.home, (int)getpid());
	if (rename(d->dir, gone) < 0)
		return fault_set(why, HOST_FAILED, "unable to remove %s: %s", d->dir,
				 strerror(errno));
	status = tool_run(argv, text, sizeof(text));
	return status == 0 ? 0
			   : fault_set(why, HOST_FAILED, "unable to remove %s: %s", gone,
				       status < 0 ? strerror(-status) : text);
}

int remove_main(const struct options *o)
{
	return with_distribution(distribution_remove, o);
}
