/* uevent.h: waiting for a device without polling.
 *
 * Source: netlink(7), NETLINK_KOBJECT_UEVENT.
 */
#ifndef LANDBRIDGE_INIT_UEVENT_H
#define LANDBRIDGE_INIT_UEVENT_H

#include <stdint.h>

/* Opens a socket that hears of every device from now on; negative errno. */
int uevent_open(void);

/* Waits until something happened to any device since the last call. 0,
 * -ETIMEDOUT, or negative errno. */
int uevent_wait(int fd, int64_t ms);

#endif
