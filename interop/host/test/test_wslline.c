/* test_wslline.c: command lines of wsl.exe. */
#include "interop/host/wslline.h"

#include <string.h>

#include "lib/fmt.h"
#include "lib/test/cmocka_all.h"

/* What was understood, as one line. */
static const char *shown(const char *line)
{
	static char text[512];
	char words[512], *at[WSLLINE_WORDS(512)];
	struct fault why = { 0 };
	struct wslline w;
	size_t n;

	if (wslline_parse(&w, line, words, at, &why) < 0) {
		fmt(text, sizeof(text), "%d %s", why.status, why.text);
		return text;
	}
	n = fmt(text, sizeof(text), "%d%s%s%s", (int)w.wish, w.verbose ? " verbose" : "",
		w.quiet ? " quiet" : "", w.running ? " running" : "");
	if (w.name)
		n += fmt(text + n, sizeof(text) - n, " name=%s", w.name);
	if (w.user)
		n += fmt(text + n, sizeof(text) - n, " user=%s", w.user);
	if (w.dir)
		n += fmt(text + n, sizeof(text) - n, " dir=%s", w.dir);
	if (w.shell)
		n += fmt(text + n, sizeof(text) - n, " shell=%s", w.shell);
	for (char **word = w.exec; word && *word; word++)
		n += fmt(text + n, sizeof(text) - n, " [%s]", *word);
	return text;
}

static void test_lines(void **state)
{
	static const struct {
		const char *line, *is;
	} rows[] = {
		{ "", "0" },
		{ "wsl", "0" },
		{ "\"C:\\Program Files\\wsl.exe\"", "0" },
		{ "wsl -e uname -a", "0 [uname] [-a]" },
		{ "wsl.exe --exec printf \"%s\\n\" \"a  b\" \"\" c",
		  "0 [printf] [%s\\n] [a  b] [] [c]" },
		{ "wsl -e a \\\\\\\"b \\\\\\\\ \"c\\\\\" d\"\"e \"f\"\"g\"",
		  "0 [a] [\\\"b] [\\\\\\\\] [c\\] [de] [f\"g]" },
		{ "wsl -e \"open", "0 [open]" },
		{ "wsl ls  -l \"$HOME\" | cat", "0 shell=ls  -l \"$HOME\" | cat" },
		{ "wsl -- -e x", "0 shell=-e x" },
		{ "wsl --", "0" },
		{ "wsl\t\"C:\\x\" y", "0 shell=\"C:\\x\" y" },
		{ "wsl ~", "0 dir=~" },
		{ "wsl ~ -u root id", "0 user=root dir=~ shell=id" },
		{ "wsl --cd ~ ~", "0 dir=~ shell=~" },
		{ "wsl -d boat -u ann --cd \"C:\\a b\" -e id -u",
		  "0 name=boat user=ann dir=C:\\a b [id] [-u]" },
		{ "wsl --distribution boat --user ann -- id -u",
		  "0 name=boat user=ann shell=id -u" },
		{ "wsl -l", "1" },
		{ "wsl --list --verbose --all", "1 verbose" },
		{ "wsl -l -q --running", "1 quiet running" },
		{ "wsl --status", "2" },
		{ "wsl -v", "3" },
		{ "wsl --version", "3" },
		{ "wsl --help", "4" },
		{ "wsl -t boat", "5 name=boat" },
		{ "wsl --terminate boat", "5 name=boat" },
		{ "wsl --shutdown", "6" },
		{ "wsl --set-default boat", "7 name=boat" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(shown(rows[i].line), rows[i].is);
}

/* By name, and with 1. */
static void test_refused(void **state)
{
	static const struct {
		const char *line, *what;
	} rows[] = {
		{ "wsl --import a b c", " --import:" },
		{ "wsl --install", " --install:" },
		{ "wsl --system", " --system:" },
		{ "wsl -d boat --shutdown", " --shutdown:" },
		{ "wsl -d", " -d: it needs a value" },
		{ "wsl -u \"\" id", " -u: it needs a value" },
		{ "wsl -t", " -t: it needs a value" },
		{ "wsl -e", " --exec: it needs a program" },
		{ "wsl -e \"\"", " --exec: it needs a program" },
		{ "wsl -l --online", " --online:" },
		{ "wsl -l -v -q", " -v with -q:" },
		{ "wsl --shutdown now", " now:" },
		{ "wsl -x", " -x:" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = shown(rows[i].line);

		if (strncmp(text, "1 unable to serve", 17) != 0 || !strstr(text, rows[i].what))
			fail_msg("%s: %s", rows[i].line, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
