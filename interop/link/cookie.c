/* cookie.c: who may call an agent over TCP on its own host. */
#include "interop/link/cookie.h"
#include "interop/link/router.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "lib/fd.h"
#include "lib/lib.h"

/* --- as text ------------------------------------------------------------------- */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Of 2 * COOKIE_SECRET digits. */
static bool secret_read(uint8_t *secret, const char *text)
{
	for (size_t i = 0; i < COOKIE_SECRET; i++) {
		int high = digit(text[2 * i]), low = high < 0 ? -1 : digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		secret[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool port_read(uint32_t *port, const char *text)
{
	*port = 0;
	for (; *text >= '0' && *text <= '9' && *port <= UINT16_MAX; text++)
		*port = *port * 10 + (uint32_t)(*text - '0');
	return *port > 0 && *port <= UINT16_MAX && !*text;
}

int cookie_parse(struct cookie *c, const char *text, size_t len)
{
	char copy[COOKIE_TEXT], *word[4] = { copy };
	size_t count = 1;

	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	if (len >= sizeof(copy) || memchr(text, 0, len))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	for (char *p = copy; *p; p++)
		if (*p == ' ') {
			if (count == array_len(word))
				return -EINVAL;
			*p = '\0';
			word[count++] = p + 1;
		}
	*c = (struct cookie){ .port = 0 };
	if (count != array_len(word) || !word[0][0] || strlen(word[0]) >= COOKIE_NAME ||
	    strlen(word[2]) != 2 * COOKIE_SECRET || strlen(word[3]) != 2 * COOKIE_SECRET ||
	    !port_read(&c->port, word[1]) || !secret_read(c->ask, word[2]) ||
	    !secret_read(c->answer, word[3]))
		return -EINVAL;
	fmt(c->name, sizeof(c->name), "%s", word[0]);
	return 0;
}

static void secret_write(char *text, const uint8_t *secret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < COOKIE_SECRET; i++) {
		text[2 * i] = digits[secret[i] >> 4];
		text[2 * i + 1] = digits[secret[i] & 15];
	}
	text[2 * COOKIE_SECRET] = '\0';
}

size_t cookie_format(const struct cookie *c, char text[COOKIE_TEXT])
{
	char ask[2 * COOKIE_SECRET + 1], answer[2 * COOKIE_SECRET + 1];

	secret_write(ask, c->ask);
	secret_write(answer, c->answer);
	return fmt(text, COOKIE_TEXT, "%s %u %s %s", c->name, c->port, ask, answer);
}

/* In a time that says nothing of where they differ. */
static bool is_same(const uint8_t *a, const uint8_t *b)
{
	unsigned differ = 0;

	for (size_t i = 0; i < COOKIE_SECRET; i++)
		differ |= (unsigned)(a[i] ^ b[i]);
	return differ == 0;
}

/* --- the agent's side ------------------------------------------------------------- */

static void caller_drop(struct cookie_caller *c)
{
	int fd = c->watch.fd;

	watch_remove(&c->watch);
	fd_close(&fd);
}

/* Seventeen bytes were right. */
static void caller_serve(struct cookie_caller *c)
{
	struct router *router = c->door->router;
	const uint8_t wish = c->said[COOKIE_SECRET];
	uint8_t answer[COOKIE_SECRET + 1];
	size_t len = wish == COOKIE_STREAM ? COOKIE_SECRET : sizeof(answer);
	int fd = c->watch.fd;

	watch_remove(&c->watch);
	memcpy(answer, c->door->cookie.answer, COOKIE_SECRET);
	answer[COOKIE_SECRET] = router->connection.state == CONNECTION_UP;
	if (send(fd, answer, len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)len) {
		fd_close(&fd);
	} else if (wish == COOKIE_STREAM) {
		router_add_endpoint(router, fd, 0);
	} else {
		fd_close(&fd);
		if (wish == COOKIE_SHUTDOWN)
			router_send_shutdown(router);
	}
}

static void caller_ready(struct watch *watch, uint32_t events)
{
	struct cookie_caller *c = container_of(watch, struct cookie_caller, watch);
	ssize_t n = recv(watch->fd, c->said + c->used, sizeof(c->said) - c->used, MSG_DONTWAIT);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	c->used += n > 0 ? (size_t)n : 0;
	if (n > 0 && c->used < sizeof(c->said))
		return;
	if (n > 0 && is_same(c->said, c->door->cookie.ask))
		caller_serve(c);
	else
		caller_drop(c);
}

/* One that is free, or that of who came first. */
static struct cookie_caller *place_find(struct cookie_door *door)
{
	struct cookie_caller *c;

	for (size_t i = 0; i < COOKIE_CALLERS; i++)
		if (door->at[i].watch.fd < 0)
			return &door->at[i];
	c = &door->at[door->turn++ % COOKIE_CALLERS];
	caller_drop(c);
	return c;
}

static void caller_connected(struct acceptor *acceptor, int fd)
{
	struct cookie_door *door = container_of(acceptor, struct cookie_door, acceptor);
	struct cookie_caller *c = place_find(door);

	c->door = door;
	c->used = 0;
	c->watch.ready = caller_ready;
	if (watch_add(acceptor->watch.loop, &c->watch, fd, EPOLLIN) < 0)
		fd_close(&fd);
	else
		caller_ready(&c->watch, EPOLLIN); /* most have said it all */
}

int cookie_listen(struct cookie_door *door, struct loop *loop, struct router *router)
{
	struct address at = { .kind = ADDRESS_TCP, .name = "127.0.0.1" };
	struct cookie *cookie = &door->cookie;
	int fd;

	for (size_t i = 0; i < COOKIE_CALLERS; i++)
		door->at[i].watch.fd = -1;
	door->router = router;
	door->acceptor.listener = -1;
	door->acceptor.connected = caller_connected;
	if (getrandom(cookie->ask, COOKIE_SECRET, 0) != COOKIE_SECRET ||
	    getrandom(cookie->answer, COOKIE_SECRET, 0) != COOKIE_SECRET)
		return -EIO;
	fd = address_listen(&at);
	if (fd < 0)
		return fd;
	cookie->port = at.port;
	return acceptor_start(&door->acceptor, loop, fd);
}

void cookie_close(struct cookie_door *door)
{
	if (!door->router)
		return;
	acceptor_stop(&door->acceptor);
	fd_close(&door->acceptor.listener);
	for (size_t i = 0; i < COOKIE_CALLERS; i++)
		caller_drop(&door->at[i]);
}
