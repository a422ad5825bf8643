/* test_netif.c: which network interface is the one that is there. */
#include "init/netif.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

struct interface {
	const char *name;
	int index, type;
	bool device;
};

/* As /sys/class/net has it. */
static void interface_make(const char *top, const struct interface *i)
{
	char path[200], text[16];

	fmt(path, sizeof(path), "%s/%s%s", top, i->name, i->device ? "/device" : "");
	assert_int_equal(dir_make(path, 0755), 0);
	fmt(path, sizeof(path), "%s/%s/ifindex", top, i->name);
	fmt(text, sizeof(text), "%d\n", i->index);
	assert_int_equal(file_create(path, text, 0644), 0);
	fmt(path, sizeof(path), "%s/%s/type", top, i->name);
	fmt(text, sizeof(text), "%d\n", i->type);
	assert_int_equal(file_create(path, text, 0644), 0);
}

static void test_first(void **state)
{
	static const struct {
		struct interface there[5];
		const char *name;
		int index;
	} rows[] = {
		{ { { "lo", 1, 772, false } }, "", 0 },
		{ { { "lo", 1, 772, false }, { "eth0", 2, 1, true } }, "eth0", 2 },
		{ { { "dummy0", 2, 1, false },
		    { "bond0", 3, 1, false },
		    { "sit0", 4, 776, false },
		    { "ens3", 5, 1, true } },
		  "ens3",
		  5 },
		{ { { "eth1", 3, 1, true }, { "eth0", 12, 1, true } }, "eth1", 3 },
		{ { { "ib0", 2, 32, true }, { "wwan0", 3, 65534, true } }, "", 0 },
		{ { { "dummy0", 2, 1, false } }, "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		char top[] = "/tmp/netif-XXXXXX", name[IF_NAMESIZE] = "", command[64];

		assert_non_null(mkdtemp(top));
		for (size_t j = 0; j < array_len(rows[i].there) && rows[i].there[j].name; j++)
			interface_make(top, &rows[i].there[j]);
		assert_int_equal(netif_first(top, name), rows[i].index);
		assert_string_equal(name, rows[i].name);
		fmt(command, sizeof(command), "rm -r %s", top);
		assert_int_equal(system(command), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_first) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
