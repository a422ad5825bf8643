/* The few functions of the C library whose full forms are too large for /init,
 * in place of musl's: what C11 says of them holds, locales and speed aside. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/fmt.h"

/* For inet_ntop(3): all of stdio that is left. */
__attribute__((format(printf, 3, 4))) int snprintf(char *restrict buf, size_t size,
						   const char *restrict format, ...)
{
	va_list args;
	size_t len;

	va_start(args, format);
	len = fmt_va(buf, size, format, args);
	va_end(args);
	return (int)len;
}

char *strstr(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (;; text++) {
		if (strncmp(text, word, len) == 0)
			return (char *)(uintptr_t)text;
		if (*text == '\0')
			return NULL;
	}
}

void *memmem(const void *text, size_t size, const void *word, size_t len)
{
	const char *at = text;

	for (; len <= size; at++, size--)
		if (memcmp(at, word, len) == 0)
			return (char *)(uintptr_t)at;
	return NULL;
}

/* --- what errors mean: those that this program meets, by their number of Linux's ------- */

static const char errors[] = "\001Operation not permitted\0"
			     "\002No such file or directory\0"
			     "\003No such process\0"
			     "\004Interrupted system call\0"
			     "\005I/O error\0"
			     "\006No such device or address\0"
			     "\007Argument list too long\0"
			     "\010Exec format error\0"
			     "\011Bad file descriptor\0"
			     "\012No child process\0"
			     "\013Resource temporarily unavailable\0"
			     "\014Out of memory\0"
			     "\015Permission denied\0"
			     "\016Bad address\0"
			     "\017Block device required\0"
			     "\020Resource busy\0"
			     "\021File exists\0"
			     "\022Cross-device link\0"
			     "\023No such device\0"
			     "\024Not a directory\0"
			     "\025Is a directory\0"
			     "\026Invalid argument\0"
			     "\027Too many open files in system\0"
			     "\030No file descriptors available\0"
			     "\031Not a tty\0"
			     "\032Text file busy\0"
			     "\033File too large\0"
			     "\034No space left on device\0"
			     "\035Invalid seek\0"
			     "\036Read-only file system\0"
			     "\037Too many links\0"
			     "\040Broken pipe\0"
			     "\042Result not representable\0"
			     "\043Resource deadlock would occur\0"
			     "\044Filename too long\0"
			     "\045No locks available\0"
			     "\046Function not implemented\0"
			     "\047Directory not empty\0"
			     "\050Symbolic link loop\0"
			     "\075No data available\0"
			     "\076Device timeout\0"
			     "\107Protocol error\0"
			     "\112Bad message\0"
			     "\113Value too large for data type\0"
			     "\130Not a socket\0"
			     "\132Message too large\0"
			     "\135Protocol not supported\0"
			     "\137Not supported\0"
			     "\141Address family not supported by protocol\0"
			     "\142Address in use\0"
			     "\143Address not available\0"
			     "\144Network is down\0"
			     "\145Network unreachable\0"
			     "\147Connection aborted\0"
			     "\150Connection reset by peer\0"
			     "\151No buffer space available\0"
			     "\153Socket not connected\0"
			     "\156Operation timed out\0"
			     "\157Connection refused\0"
			     "\161Host is unreachable\0"
			     "\162Operation already in progress\0"
			     "\163Operation in progress\0"
			     "\164Stale file handle\0"
			     "\165Structure needs cleaning\0"
			     "\172Quota exceeded\0"
			     "\173No medium found\0"
			     "\175Operation canceled\0"
			     "\176Required key not available\0";

char *strerror(int error)
{
	const char *at = errors;

	while (*at && *at != error)
		at += strlen(at) + 1;
	return (char *)(uintptr_t)(*at ? at + 1 : "Unknown error");
}

/* --- descriptors: without another way for a kernel that knows no SOCK_CLOEXEC --- */

int socket(int domain, int type, int protocol)
{
	return (int)syscall(SYS_socket, domain, type, protocol);
}

int socketpair(int domain, int type, int protocol, int fds[2])
{
	return (int)syscall(SYS_socketpair, domain, type, protocol, fds);
}

int accept4(int fd, struct sockaddr *restrict addr, socklen_t *restrict len, int flags)
{
	return (int)syscall(SYS_accept4, fd, addr, len, flags);
}

int fcntl(int fd, int command, ...)
{
	unsigned long argument;
	va_list args;

	va_start(args, command);
	argument = va_arg(args, unsigned long);
	va_end(args);
	return (int)syscall(SYS_fcntl, fd, command, argument);
}

/* Without the vdso(7), and all that finds it. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	return (int)syscall(SYS_clock_gettime, clock, now);
}

time_t time(time_t *now)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (now)
		*now = t.tv_sec;
	return t.tv_sec;
}

int pipe2(int fds[2], int flags)
{
	return (int)syscall(SYS_pipe2, fds, flags);
}

/* The kernel's layouts are those of struct stat here. */
int fstatat(int dir, const char *restrict path, struct stat *restrict st, int flags)
{
	if (flags == AT_EMPTY_PATH && !*path) /* for less than a name costs */
		return (int)syscall(SYS_fstat, dir, st);
	return (int)syscall(SYS_newfstatat, dir, path, st, flags);
}

int utimensat(int dir, const char *path, const struct timespec times[2], int flags)
{
	return (int)syscall(SYS_utimensat, dir, path, times, flags);
}

int execvp(const char *name, char *const argv[])
{
	const char *at = getenv("PATH");
	int error = ENOENT;
	char path[PATH_MAX];

	if (!*name || strchr(name, '/'))
		return execve(name, argv, environ);
	if (!at)
		at = "/bin:/usr/bin";
	do {
		size_t len = strcspn(at, ":");

		if (fmt(path, sizeof(path), "%.*s%s%s", (int)len, at, len ? "/" : "", name) <
		    sizeof(path))
			execve(path, argv, environ);
		else
			errno = ENOENT; /* what is longer is nowhere */
		if (errno == EACCES)
			error = errno; /* unless another is found */
		else if (errno != ENOENT && errno != ENOTDIR)
			return -1;
		at += len;
	} while (*at++);
	errno = error;
	return -1;
}

/* --- qsort: a heap sort --- */

typedef int compare(const void *a, const void *b);

static void swap(char *a, char *b, size_t size)
{
	while (size-- > 0) {
		char c = a[size];

		a[size] = b[size];
		b[size] = c;
	}
}

/* Moves base[root] down until no child is larger. */
static void sift(char *base, size_t root, size_t count, size_t size, compare *order)
{
	for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
		if (child + 1 < count && order(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (order(base + root * size, base + child * size) >= 0)
			return;
		swap(base + root * size, base + child * size, size);
		root = child;
	}
}

void qsort(void *base, size_t count, size_t size, compare *order)
{
	for (size_t i = count / 2; i-- > 0;)
		sift(base, i, count, size, order);
	while (count-- > 1) {
		swap(base, (char *)base + count * size, size);
		sift(base, 0, count, size, order);
	}
}

/* --- strtol and its like --- */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : INT_MAX;
}

/* Where the digits begin; settles the base. */
static const char *find_base(const char *s, int *base)
{
	bool hex = s[0] == '0' && (s[1] | 0x20) == 'x' && digit(s[2]) < 16;

	if (*base == 0)
		*base = hex ? 16 : s[0] == '0' ? 8 : 10;
	return hex && *base == 16 ? s + 2 : s;
}

/* A number in the text. */
struct number {
	unsigned long value; /* without its sign; no more than the limit */
	bool minus, over;
	const char *end;
};

static void parse(struct number *n, const char *s, int base, unsigned long limit)
{
	const char *first;

	n->end = s;
	while (*s == ' ' || (*s >= '\t' && *s <= '\r'))
		s++;
	n->minus = *s == '-';
	n->over = false;
	n->value = 0;
	limit += n->minus && limit == LONG_MAX;
	first = find_base(*s == '-' || *s == '+' ? s + 1 : s, &base);
	for (s = first; digit(*s) < base; s++) {
		unsigned long d = (unsigned long)digit(*s), b = (unsigned long)base;

		n->over = n->over || n->value > (limit - d) / b;
		n->value = n->value * b + d;
		n->end = s + 1;
	}
	if (n->over)
		n->value = limit;
}

static unsigned long finish(const struct number *n, char **end)
{
	if (end)
		*end = (char *)(uintptr_t)n->end;
	if (n->over)
		errno = ERANGE;
	return n->minus ? -n->value : n->value;
}

long strtol(const char *restrict s, char **restrict end, int base)
{
	struct number n;

	parse(&n, s, base, LONG_MAX);
	return (long)finish(&n, end);
}

unsigned long strtoul(const char *restrict s, char **restrict end, int base)
{
	struct number n;

	parse(&n, s, base, ULONG_MAX);
	n.minus = n.minus && !n.over;
	return finish(&n, end);
}

/* long long is long here. */
unsigned long long strtoull(const char *restrict s, char **restrict end, int base)
{
	return strtoul(s, end, base);
}

/* --- inet_pton, and what its caller's if_nametoindex needs --- */

char *strncpy(char *restrict to, const char *restrict from, size_t size)
{
	size_t len = strnlen(from, size);

	memset((char *)memcpy(to, from, len) + len, 0, size - len);
	return to;
}

/* 1.2.3.4. Where it ends, or NULL. */
static const char *octets(const char *s, uint8_t *to)
{
	for (int i = 0; i < 4; i++) {
		const char *first = i ? ++s : s;
		int value = 0;

		while (digit(*s) < 10 && value < 256 && (s == first || value > 0))
			value = 10 * value + digit(*s++);
		if (s == first || value > 255 || (i < 3 && *s != '.'))
			return NULL;
		to[i] = (uint8_t)value;
	}
	return s;
}

/* One of an IPv6 address's groups, or the IPv4 one at its end. */
static const char *group(const char *s, uint8_t to[16], int *used)
{
	const char *first = s;
	int value = 0;

	for (; s < first + 4 && digit(*s) < 16; s++)
		value = value << 4 | digit(*s);
	if (*s == '.' && *used <= 12) {
		s = octets(first, to + *used);
		*used += 4;
		return s && !*s ? s : NULL;
	}
	if (s == first || *used == 16)
		return NULL;
	to[(*used)++] = (uint8_t)(value >> 8);
	to[(*used)++] = (uint8_t)value;
	return s;
}

static bool groups(const char *s, uint8_t to[16])
{
	int used = 0, gap = -1, rest;

	if (*s == ':' && *++s != ':')
		return false;
	for (;; s++) {
		if (*s == ':' && gap < 0) {
			gap = used;
			if (!*++s)
				break;
		}
		s = group(s, to, &used);
		if (!s || *s != ':')
			break;
	}
	if (!s || *s || (gap < 0) != (used == 16))
		return false;
	rest = gap < 0 ? 0 : used - gap;
	memmove(to + 16 - rest, to + used - rest, (size_t)rest);
	memset(to + used - rest, 0, (size_t)(16 - used));
	return true;
}

int inet_pton(int family, const char *restrict text, void *restrict to)
{
	const char *end;

	if (family == AF_INET6)
		return groups(text, to);
	end = octets(text, to);
	return end && !*end;
}
