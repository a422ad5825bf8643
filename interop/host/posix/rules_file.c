/* rules_file.c: the policy file. */
#include "interop/host/posix/rules_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who can write it decides. */
static int check_owner(const char *path, struct fault *why)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return rules_refuse(path, strerror(errno), why);
	if ((st.st_uid != getuid() && st.st_uid != 0) || (st.st_mode & 022))
		return rules_refuse(path, "others may write to it (chmod go-w)", why);
	return 0;
}

static int check_drives(const char *path, const struct drives *drives, struct fault *why)
{
	char real[PATH_MAX];

	if (!realpath(path, real))
		return rules_refuse(path, strerror(errno), why);
	for (size_t i = 0; i < drives->count; i++) {
		const struct drive *d = &drives->at[i];

		if (!d->read_only && path_lies_in(real, d->dir))
			return rules_refuse(path,
					    "it is on a drive that the guest may write to (put it "
					    "elsewhere, and its name into LANDBRIDGE_POLICY)",
					    why);
	}
	return 0;
}

static int policy_path(const struct dirs *dirs, char *path, struct fault *why)
{
	const char *given = getenv("LANDBRIDGE_POLICY");
	int r = given ? path_format(path, PATH_MAX, "%s", given)
		      : path_format(path, PATH_MAX, "%s/policy", dirs->home);

	return r < 0 ? rules_refuse(given ? given : dirs->home, "its name is too long", why) : 0;
}

int rules_check_drives(const struct dirs *dirs, const struct drives *drives, struct fault *why)
{
	char path[PATH_MAX];

	if (policy_path(dirs, path, why) < 0)
		return -1;
	return access(path, F_OK) < 0 && errno == ENOENT ? 0 : check_drives(path, drives, why);
}

/* No Windows program opens sessions here, whatever a policy says. */
static int check_known(const struct rules *rules, const char *path, struct fault *why)
{
	return rules->sessions_said
		       ? rules_refuse(path, "sessions is for a Windows host (here none may)", why)
		       : 0;
}

int rules_load(struct rules *rules, const struct dirs *dirs, const struct drives *drives,
	       char *path, struct fault *why)
{
	const bool given = getenv("LANDBRIDGE_POLICY") != NULL;
	char *text;
	ssize_t len;

	rules_init(rules);
	if (policy_path(dirs, path, why) < 0)
		return -1;
	len = file_load(path, &text);
	if (len == -ENOENT && !given) {
		*path = '\0';
		return 0;
	}
	if (len < 0)
		return rules_refuse(path, strerror((int)-len), why);
	if (check_owner(path, why) < 0 || check_drives(path, drives, why) < 0 ||
	    rules_read(rules, path, text, (size_t)len, why) < 0 ||
	    check_known(rules, path, why) < 0) {
		free(text);
		rules_init(rules);
		return -1;
	}
	return 0; /* the rules point into the text */
}

int rules_check_ports(const struct rules *rules, bool wanted, const char *path, struct fault *why)
{
	return !wanted || rules_port(rules, 0)
		       ? 0
		       : fault_set(
				 why, HOST_FAILED,
				 "unable to take the guest's ports: the policy %s says ports none "
				 "(leave --ports away, or change that)",
				 path);
}
