/* button.c: the power button, ACPI's or a keyboard's. Source: the kernel document
 * input/event-codes, evdev's ioctls in linux/input.h. */
#include "init/button.h"

#include <fcntl.h>
#include <linux/input.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "init/machine.h"
#include "lib/dirs.h"
#include "lib/lib.h"

#define INPUT "/dev/input"

static bool has_power_key(int fd)
{
	uint8_t keys[KEY_CNT / 8] = { 0 };

	return ioctl(fd, (int)EVIOCGBIT(EV_KEY, sizeof(keys)), keys) >= 0 &&
	       keys[KEY_POWER / 8] >> KEY_POWER % 8 & 1;
}

/* Only that key, so that nobody's typing wakes us. Before Linux 4.4: all of them. */
static void others_mask(int fd)
{
	uint8_t keys[KEY_CNT / 8] = { [KEY_POWER / 8] = 1 << KEY_POWER % 8 };
	static const uint8_t none[KEY_CNT / 8];
	const struct input_mask mask = { EV_KEY, sizeof(keys), (uint64_t)(uintptr_t)keys };
	const struct input_mask codes = { EV_MSC, sizeof(none), (uint64_t)(uintptr_t)none };

	ioctl(fd, EVIOCSMASK, &mask);
	ioctl(fd, EVIOCSMASK, &codes);
}

struct button_walk {
	struct dir_walk walk;
	struct buttons *buttons;
};

static bool button_add(struct dir_walk *walk, int dir, const char *name)
{
	struct buttons *b = container_of(walk, struct button_walk, walk)->buttons;
	int fd = strncmp(name, "event", 5) == 0
			 ? openat(dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
			 : -1;

	if (fd >= 0 && has_power_key(fd)) {
		others_mask(fd);
		fcntl(fd, F_SETOWN, getpid());
		fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC);
		b->at[b->count++] = fd;
	} else {
		fd_close(&fd);
	}
	return b->count < BUTTONS_MAX;
}

int step_button(struct machine *m)
{
	struct button_walk w = { { button_add }, &m->buttons };
	int err = modules_load(m, GUEST_BUTTON);

	if (err == 0)
		dir_each_path(INPUT, &w.walk);
	return err;
}

bool buttons_pressed(const struct buttons *buttons)
{
	struct input_event event;
	bool pressed = false;

	for (size_t i = 0; i < buttons->count; i++)
		while (read(buttons->at[i], &event, sizeof(event)) == sizeof(event))
			pressed = pressed || (event.type == EV_KEY && event.code == KEY_POWER &&
					      event.value == 1);
	return pressed;
}
