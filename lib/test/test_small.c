/* test_small.c: what replaces musl in /init against the C library of this machine. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

#define snprintf small_snprintf
#define strstr small_strstr
#define qsort small_qsort
#define strtol small_strtol
#define strtoul small_strtoul
#define strtoull small_strtoull
#define socket small_socket
#define socketpair small_socketpair
#define accept4 small_accept4
#define pipe2 small_pipe2
#define strncpy small_strncpy
#define inet_pton small_inet_pton
int small_snprintf(char *restrict buf, size_t size, const char *restrict format, ...);
char *small_strstr(const char *text, const char *word);
void small_qsort(void *base, size_t count, size_t size, int (*order)(const void *, const void *));
long small_strtol(const char *restrict s, char **restrict end, int base);
unsigned long small_strtoul(const char *restrict s, char **restrict end, int base);
unsigned long long small_strtoull(const char *restrict s, char **restrict end, int base);
int small_socket(int domain, int type, int protocol);
int small_socketpair(int domain, int type, int protocol, int fds[2]);
int small_accept4(int fd, struct sockaddr *restrict addr, socklen_t *restrict len, int flags);
int small_pipe2(int fds[2], int flags);
char *small_strncpy(char *restrict to, const char *restrict from, size_t size);
int small_inet_pton(int family, const char *restrict text, void *restrict to);
#include "lib/musl/small.c"
#undef snprintf
#undef strstr
#undef qsort
#undef strtol
#undef strtoul
#undef strtoull
#undef socket
#undef socketpair
#undef accept4
#undef pipe2
#undef strncpy
#undef inet_pton

static const char *const numbers[] = {
	"0",
	"7",
	"-7",
	"+7",
	" \t\n\v\f\r12x",
	"-",
	"+",
	"",
	"x",
	"0x",
	"0x1f",
	"0X1Fg",
	"-0x10",
	"010",
	"08",
	"022",
	"zz",
	"Zz1!",
	"9223372036854775807",
	"9223372036854775808",
	"-9223372036854775807",
	"99999999999999999999",
	"18446744073709551615",
	"18446744073709551616",
	"0xffffffffffffffff",
	"0x10000000000000000",
	"- 1",
	"--1",
};

static const int bases[] = { 0, 2, 8, 10, 16, 36 };

static void test_strtol(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(numbers) * array_len(bases); i++) {
		const char *s = numbers[i / array_len(bases)];
		int base = bases[i % array_len(bases)], want_errno;
		char *want_end, *end;
		long want;

		errno = 0;
		want = strtol(s, &want_end, base);
		want_errno = errno;
		errno = 0;
		assert_int_equal(small_strtol(s, &end, base), want);
		assert_ptr_equal(end, want_end);
		assert_int_equal(errno, want_errno);
	}
}

static void test_strtoul(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(numbers) * array_len(bases); i++) {
		const char *s = numbers[i / array_len(bases)];
		int base = bases[i % array_len(bases)], want_errno;
		char *want_end, *end;
		unsigned long want;

		errno = 0;
		want = strtoul(s, &want_end, base);
		want_errno = errno;
		errno = 0;
		assert_true(small_strtoul(s, &end, base) == want);
		assert_ptr_equal(end, want_end);
		assert_int_equal(errno, want_errno);
	}
}

static int order(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void test_qsort(void **state)
{
	int want[200], got[200];
	unsigned seed = 1;

	(void)state;
	for (size_t count = 0; count < array_len(want); count++) {
		for (size_t i = 0; i < count; i++) {
			seed = seed * 1103515245 + 12345;
			want[i] = got[i] = (int)(seed >> 16 & 63); /* many alike */
		}
		qsort(want, count, sizeof(want[0]), order);
		small_qsort(got, count, sizeof(got[0]), order);
		assert_memory_equal(want, got, count * sizeof(want[0]));
	}
}

static void test_strstr(void **state)
{
	static const char *const words[] = { "", "a", "b", "ab", "aab", "aaab", "abc", "c" };

	(void)state;
	for (size_t i = 0; i < array_len(words) * array_len(words); i++) {
		const char *text = words[i / array_len(words)], *word = words[i % array_len(words)];

		assert_ptr_equal(small_strstr(text, word), strstr(text, word));
	}
}

static void test_snprintf(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(small_snprintf(buf, sizeof(buf), "%d.%d.%d.%d", 10, 0, 2, 15), 9);
	assert_string_equal(buf, "10.0.2.");
}

static void test_strncpy(void **state)
{
	static const char *const texts[] = { "", "eth", "eth0", "eth0.100" };

	(void)state;
	for (size_t i = 0; i < array_len(texts); i++) {
		char got[6] = "######", want[6] = "######";
		size_t len = strlen(texts[i]);

		memset(want, 0, 5);
		memcpy(want, texts[i], len < 5 ? len : 5);
		assert_ptr_equal(small_strncpy(got, texts[i], 5), got);
		assert_memory_equal(got, want, sizeof(got));
	}
}

static void compare_address(int family, const char *text)
{
	uint8_t want[16] = { 0 }, got[16] = { 0 };
	int fits = inet_pton(family, text, want);

	if (small_inet_pton(family, text, got) != fits)
		fail_msg("%s", text);
	if (fits)
		assert_memory_equal(got, want, sizeof(got));
}

static void test_inet_pton(void **state)
{
	static const char *const texts[] = {
		"127.0.0.1",
		"255.255.255.255",
		"256.0.0.1",
		"01.2.3.4",
		"1.2.3.00",
		"1.2.3",
		"1.2.3.",
		".1.2.3",
		"1.2.3.4.",
		"1.2.3.4.5",
		"1..3.4",
		"1.2.3.4 ",
		"0x1.2.3.4",
		"::",
		"::1",
		"1::",
		":",
		"",
		":::",
		"1",
		"1:",
		":1",
		"1:::2",
		"1::2::3",
		"1:2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7:8:",
		"1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7::",
		"::2:3:4:5:6:7:8",
		"::1:2:3:4:5:6:7:8",
		"1:2:3:4::5:6:7:8",
		"fe80::Ab:cdEF",
		"12345::",
		"g::",
		"::ffff:1.2.3.4",
		"::ffff:1.2.3.256",
		"::1.2.3.4:5",
		"1:2:3:4:5:6:1.2.3.4",
		"1:2:3:4:5:6:7:1.2.3.4",
		"::a.2.3.4",
		"1.2.3.4::",
		"64:ff9b::8.8.8.8",
		"::1%lo",
		"1::.2",
	};
	static const char letters[] = ":::::.1a0";
	unsigned seed = 1;

	(void)state;
	for (size_t i = 0; i < 2 * array_len(texts); i++)
		compare_address(i % 2 ? AF_INET : AF_INET6, texts[i / 2]);
	for (int i = 0; i < 200000; i++) {
		char text[24];
		size_t len;

		seed = seed * 1103515245 + 12345;
		len = 1 + (seed >> 16) % (sizeof(text) - 1);
		for (size_t k = 0; k < len; k++) {
			seed = seed * 1103515245 + 12345;
			text[k] = letters[(seed >> 16) % (sizeof(letters) - 1)];
		}
		text[len] = '\0';
		compare_address(i % 2 ? AF_INET : AF_INET6, text);
	}
}

static bool is_cloexec(int fd)
{
	return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

static void test_descriptors(void **state)
{
	int server = small_socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = small_socket(AF_UNIX, SOCK_STREAM, 0), pair[2], got;
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(sa_family_t);
	char byte = 0;

	(void)state;
	assert_true(is_cloexec(server) && !is_cloexec(client));
	assert_int_equal(bind(server, (void *)&name, len),
			 0); /* to a name of the kernel's choice */
	len = sizeof(name);
	assert_int_equal(getsockname(server, (void *)&name, &len), 0);
	assert_int_equal(listen(server, 1), 0);
	assert_int_equal(connect(client, (void *)&name, len), 0);
	got = small_accept4(server, NULL, NULL, SOCK_CLOEXEC);
	assert_true(got >= 0 && is_cloexec(got));
	assert_int_equal(small_socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[0], "a", 1) + read(pair[1], &byte, 1), 2);
	assert_int_equal(byte, 'a');
	for (int i = 0; i < 2; i++)
		close(pair[i]);
	assert_int_equal(small_pipe2(pair, O_CLOEXEC), 0);
	assert_true(is_cloexec(pair[0]) && is_cloexec(pair[1]));
	for (int i = 0; i < 2; i++)
		close(pair[i]);
	assert_int_equal(small_accept4(client, NULL, NULL, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(small_socket(-1, 0, 0), -1);
	assert_int_equal(errno, EAFNOSUPPORT);
	close(got);
	close(client);
	close(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptors), cmocka_unit_test(test_strtol),
		cmocka_unit_test(test_strtoul),     cmocka_unit_test(test_qsort),
		cmocka_unit_test(test_strstr),      cmocka_unit_test(test_snprintf),
		cmocka_unit_test(test_strncpy),     cmocka_unit_test(test_inet_pton),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
