/* timer.c: the timers of an event loop. */
#include "lib/loop.h"

#include <limits.h>

void timer_start(struct loop *loop, struct timer *timer, int64_t ms)
{
	struct timer **at = &loop->timers;

	timer_stop(loop, timer);
	timer->at = loop_now() + ms;
	while (*at && (*at)->at <= timer->at)
		at = &(*at)->next;
	timer->next = *at;
	timer->armed = true;
	*at = timer;
}

void timer_stop(struct loop *loop, struct timer *timer)
{
	struct timer **at = &loop->timers;

	if (!timer->armed)
		return;
	while (*at != timer)
		at = &(*at)->next;
	*at = timer->next;
	timer->armed = false;
}

int loop_timeout(const struct loop *loop)
{
	int64_t left;

	if (!loop->timers)
		return -1;
	left = loop->timers->at - loop_now();
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

void loop_fire(struct loop *loop)
{
	int64_t now = loop_now();

	while (loop->timers && loop->timers->at <= now && !loop->stop) {
		struct timer *timer = loop->timers;

		timer_stop(loop, timer);
		timer->fire(timer);
	}
}
