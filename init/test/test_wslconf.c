/* test_wslconf.c: wsl.conf's grammar, the settings it makes, the command line. */
#include "init/settings.h"
#include "init/wslconf.h"

#include <errno.h>
#include <string.h>

#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

/* What the walk over a text says: "section.key=value;", "!LINE;" for a bad line. */
static void walk(const char *text, char *out, size_t size)
{
	char copy[1024];
	struct wslconf conf;
	enum wslconf_what what;
	size_t at = 0;

	memcpy(copy, text, strlen(text));
	wslconf_init(&conf, copy, strlen(text));
	out[0] = '\0';
	while ((what = wslconf_next(&conf)) != WSLCONF_END) {
		if (what == WSLCONF_BAD)
			at += fmt(out + at, size - at, "!%u;", conf.line);
		else
			at += fmt(out + at, size - at, "%s.%s=%s;", conf.section, conf.key,
				  conf.value);
	}
}

static void test_grammar(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "\n\n  \t\n# only a comment", "" },
		{ "[a]\nk=v", "a.k=v;" },
		{ "[a]\nk=v\n", "a.k=v;" },
		{ "[a]\r\nk = v\r\n", "a.k=v;" },
		{ "  [ a ]  # c\n  k  =  v w  # c\n", "a.k=v w;" },
		{ "[a]\nk=\n", "a.k=;" },
		{ "[a]\nk = # nothing\n", "a.k=;" },
		{ "[a]\nk=v;x\n", "a.k=v;x;" },
		{ "[a]\nk=\" v # w \" \n", "a.k= v # w ;" },
		{ "[a]\nk=x\" y\"z\n", "a.k=x yz;" },
		{ "[a]\nk=a\\\\b\\\"c\\td\n", "a.k=a\\b\"c\td;" },
		{ "[a]\nk=one\\\ntwo\nl=3\n", "a.k=onetwo;a.l=3;" },
		{ "[a]\nk=one\\\r\ntwo\r\nl=3", "a.k=onetwo;a.l=3;" },
		{ "[a]\nk=v \\t \n", "a.k=v \t;" },
		/* A bad line is skipped, and only that. */
		{ "k=v\n[a]\nl=w\n", "!1;a.l=w;" },
		{ "[a]\nnonsense\nk=v\n", "!2;a.k=v;" },
		{ "[a]\n= v\n9k=v\nk_x=v\nk=v\n", "!2;!3;!4;a.k=v;" },
		{ "[a]\nk=\"open\nl=w\n", "!2;a.l=w;" },
		{ "[a]\nk=bad\\x\nl=w\n", "!2;a.l=w;" },
		{ "[a]\nk=end\\", "!2;" },
		{ "[a\nk=v\n[b]\nl=w\n", "!1;!2;b.l=w;" },
		{ "[a] x\nk=v\n", "!1;!2;" },
		{ "[]\n[a]\nk=v", "!1;a.k=v;" },
	};
	char got[512];

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		walk(rows[i].text, got, sizeof(got));
		assert_string_equal(got, rows[i].want);
	}
}

static void test_nul_in_value(void **state)
{
	char text[] = "[a]\nk=v\0w\nl=x\n-";
	struct wslconf conf;

	(void)state;
	wslconf_init(&conf, text, sizeof(text) - 2);
	assert_int_equal(wslconf_next(&conf), WSLCONF_BAD);
	assert_int_equal(wslconf_next(&conf), WSLCONF_ENTRY);
	assert_string_equal(conf.value, "x");
	assert_int_equal(wslconf_next(&conf), WSLCONF_END);
}

static void test_set(void **state)
{
	static const struct {
		const char *section, *key, *value;
		int want;
	} rows[] = {
		{ "automount", "enabled", "FALSE", 0 },
		{ "AutoMount", "MOUNTFSTAB", "0", 0 },
		{ "automount", "root", "/drives/", 0 },
		{ "filesystem", "umask", "077", 0 },
		{ "interop", "enabled", "maybe", -EINVAL },
		{ "interop", "enabled", "", -EINVAL },
		{ "landbridge", "partition", "2x", -EINVAL },
		{ "landbridge", "partition", "-1", -EINVAL },
		{ "landbridge", "partition", "99999999999", -EINVAL },
		{ "landbridge", "partition", "3", 0 },
		{ "landbridge", "partition", "4", -EEXIST },
		{ "gpu", "appendLibPath", "anything", -EOPNOTSUPP },
		{ "boot", "systemd", "true", -EOPNOTSUPP },
		{ "boot", "systemd", "False", 0 },
		{ "landbridge", "lookslikewsl", "true", 0 },
		{ "fileServer", "enabled", "false", 0 },
		{ "landbridge", "write", "true", -ENOENT },
		{ "gpu", "append", "true", -ENOENT },
		{ "nobody", "enabled", "true", -ENOENT },
	};
	struct settings s;

	(void)state;
	settings_init(&s);
	for (size_t i = 0; i < array_len(rows); i++)
		assert_int_equal(settings_set(&s, rows[i].section, rows[i].key, rows[i].value),
				 rows[i].want);
	assert_false(s.automount);
	assert_false(s.mount_fstab);
	assert_string_equal(s.automount_root, "/drives/");
	assert_int_equal(s.umask, 077);
	assert_true(s.interop);
	assert_int_equal(s.partition, 3);
	assert_false(s.file_server);
}

static void test_cmdline(void **state)
{
	static const struct {
		const char *text, *bad;
	} rows[] = {
		{ "quiet console=ttyS0 root=/dev/vda1 rw", NULL },
		{ "landbridge.name=x", NULL },
		{ "  landbridge.link=unix:/x\tlandbridge.partition=2 ", NULL },
		{ "landbridge.write=1", "landbridge.write=1" },
		{ "landbridge.name", "landbridge.name" },
		{ "landbridge.partition=two landbridge.x=1", "landbridge.partition=two" },
		{ "landbridge.nonsense=1", "landbridge.nonsense=1" },
		{ "quiet -- landbridge.nonsense=1", NULL },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		char text[128];
		const char *bad;
		struct settings s;

		settings_init(&s);
		fmt(text, sizeof(text), "%s", rows[i].text);
		bad = settings_cmdline(&s, text);
		if (rows[i].bad)
			assert_string_equal(bad, rows[i].bad);
		else
			assert_null(bad);
	}
}

static void test_cmdline_values(void **state)
{
	char text[] = "root=\"LABEL=my disk\" rootfstype=ext4 ro \"landbridge.name=a b\" "
		      "landbridge.user=me landbridge.dns=10.0.2.3\n";
	struct settings s;

	(void)state;
	settings_init(&s);
	assert_null(settings_cmdline(&s, text));
	assert_string_equal(s.root, "LABEL=my disk");
	assert_string_equal(s.root_type, "ext4");
	assert_true(s.read_only);
	assert_string_equal(s.name, "a b");
	assert_string_equal(s.default_user, "me");
	assert_string_equal(s.dns, "10.0.2.3");
}

struct said {
	char text[512];
	size_t len;
};

static void say(void *ctx, unsigned line, const char *why, const char *what)
{
	struct said *s = ctx;

	(void)why;
	s->len += fmt(s->text + s->len, sizeof(s->text) - s->len, "%u:%s;", line, what);
}

static void test_conf(void **state)
{
	char cmdline[] = "landbridge.user=bob landbridge.ip=1.2.3.4/8";
	char text[] = "[user]\ndefault=amy\n[interop]\nenabled=false\nenabled=true\nnew=1\n"
		      "what is this\n[landbridge]\nip=9.9.9.9/9\ngateway=5.6.7.8\ndns=yes\n"
		      "[boot]\ncommand=\"echo # hi\"\n ";
	struct said said = { .len = 0 };
	struct settings_complaint c = { say, &said };
	struct settings s;

	(void)state;
	settings_init(&s);
	assert_null(settings_cmdline(&s, cmdline));
	settings_conf(&s, text, sizeof(text) - 2, &c);
	/* The command line wins, without a word; the first of two counts. */
	assert_string_equal(s.default_user, "bob");
	assert_string_equal(s.ip, "1.2.3.4/8");
	assert_null(s.gateway); /* the file comes too late for it */
	assert_string_equal(s.dns, "yes");
	assert_string_equal(s.command, "echo # hi");
	assert_false(s.interop);
	assert_string_equal(said.text, "5:enabled;6:new;7:;10:gateway;");
}

/* A file as an editor of the host may leave it. */
static void test_encodings(void **state)
{
	static const struct {
		const char *in;
		size_t len, size;
		const char *out;
		bool cut;
	} rows[] = {
		{ "[a]\n", 4, 9, "[a]\n", false },
		{ "\xef\xbb\xbf[a]\n", 7, 9, "[a]\n", false },
		{ "\xef\xbb\xbf", 3, 9, "", false },
		{ "\xef\xbb", 2, 9, "\xef\xbb", false },
		{ "\xff\xfe[\0a\0]\0\n\0", 10, 30, "[a]\n", false },
		{ "\xfe\xff\0[\0a\0]\0\n", 10, 30, "[a]\n", false },
		{ "\xff\xfe\xac\x20\x3d\xd8\x00\xde", 8, 30, "\xe2\x82\xac\xf0\x9f\x98\x80",
		  false },
		{ "\xff\xfe\x3d\xd8x\0", 6, 30, "\xef\xbf\xbdx", false }, /* half a pair */
		{ "\xff\xfe\x3d\xd8", 4, 30, "\xef\xbf\xbd", false },
		{ "\xff\xfex\0y", 5, 30, "x", false }, /* half a unit */
		{ "\xff\xfe\xac\x20\xac\x20\xac\x20", 8, 9, "\xe2\x82\xac\xe2\x82\xac", true },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		char text[32] = "";
		bool cut = false;
		size_t len;

		memcpy(text, rows[i].in, rows[i].len);
		len = wslconf_utf8(text, rows[i].len, rows[i].size, &cut);
		assert_int_equal(len, strlen(rows[i].out));
		assert_memory_equal(text, rows[i].out, len);
		assert_int_equal(cut, rows[i].cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encodings),    cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_nul_in_value), cmocka_unit_test(test_set),
		cmocka_unit_test(test_cmdline),      cmocka_unit_test(test_cmdline_values),
		cmocka_unit_test(test_conf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
