/* drive_changes.c: the agent's part in drives that come and go. */
#include "interop/host/posix/drive_changes.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "interop/host/posix/drive_place.h"
#include "lib/lib.h"

enum { WINE_MS = 5000 }; /* for Wine to take notice of one */

static pid_t drop(struct drive_changes *c, char letter)
{
	drive_service_drop(c->service, letter);
	drives_drop(c->drives, letter);
	return wine_drop_drive(c->wine, letter);
}

static pid_t add(struct drive_changes *c, const struct agent_drive *said)
{
	struct drive drive = { .letter = said->letter, .read_only = said->read_only };
	pid_t r;

	drive_place(drive.letter, drive.dir, sizeof(drive.dir));
	fmt(drive.origin, sizeof(drive.origin), "%s", said->origin);
	c->drives->at[c->drives->count++] = drive;
	r = drive_service_add(c->service, &drive);
	if (r == 0)
		r = wine_add_drive(c->wine, &drive);
	if (r < 0)
		drop(c, drive.letter);
	return r;
}

static void answer(struct drive_changes *c)
{
	timer_stop(c->loop, &c->patience);
	c->teller = 0;
	(void)!send(c->control, &c->done, sizeof(c->done), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Files are there without Wine's own list of drives, too. */
static void waited(struct timer *timer)
{
	kill(container_of(timer, struct drive_changes, patience)->teller, SIGKILL);
}

void drive_changes_take(struct drive_changes *c, const struct agent_drive *said)
{
	pid_t r = said->gone ? drop(c, said->letter) : add(c, said);

	c->done = (struct agent_drive_done){ .word = AGENT_DRIVE, .error = r < 0 ? -r : 0 };
	c->teller = r;
	c->patience.fire = waited;
	if (r > 0)
		timer_start(c->loop, &c->patience, WINE_MS);
	else
		answer(c);
}

void drive_changes_reaped(struct drive_changes *c, pid_t pid)
{
	if (c->teller > 0 && pid == c->teller)
		answer(c);
}
