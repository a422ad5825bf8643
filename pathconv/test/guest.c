/* guest.c: a guest for the tests. */
#include "pathconv/test/guest.h"

#include <stdio.h>
#include <string.h>

#include "lib/test/cmocka_all.h"

void guest_make(struct guest *g, const char *mountinfo)
{
	size_t len = strlen(mountinfo);

	assert_true(len < sizeof(g->text));
	memcpy(g->text, mountinfo, len);
	g->mounts = (struct mounts){ .at = g->at, .size = GUEST_MOUNTS };
	assert_int_equal(mounts_parse(&g->mounts, g->text, len), 0);
	g->pc = (struct pathconv){ .mounts = &g->mounts, .name = "deb" };
}

int guest_check(struct guest *g, converter *convert, const struct row *rows, size_t count)
{
	int wrong = 0;

	for (size_t i = 0; i < count; i++) {
		const struct row *r = &rows[i];
		char out[PATH_WINDOWS_MAX];
		ssize_t rc;
		bool right;

		g->pc.cwd = r->cwd;
		rc = convert(&g->pc, r->in, r->flags, out, sizeof(out));
		right = r->want == NULL
				? rc == r->error
				: rc == (ssize_t)strlen(r->want) && strcmp(out, r->want) == 0;
		if (right)
			continue;
		print_error("%s (from %s): got %s (%zd), want %s (%d)\n", r->in,
			    r->cwd == NULL ? "nowhere" : r->cwd, rc < 0 ? "-" : out, rc,
			    r->want == NULL ? "-" : r->want, r->error);
		wrong++;
	}
	return wrong;
}
