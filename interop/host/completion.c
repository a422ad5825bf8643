/* completion.c: landbridge's tables as scripts for shells. */
#include "interop/host/completion.h"

#include <errno.h>
#include <string.h>

#include "interop/host/options.h"
#include "lib/macros.h"

/* Machines and distributions; the shells' own `landbridge list`. */
#define NAMES "landbridge list 2>/dev/null | awk '{ print $1 }'"

/* The second word of drive. */
#define WISHES "add remove list"

static void put(struct writer *w, const char *text)
{
	write_bytes(w, text, strlen(text));
}

/* All of them with a blank after each, and what main.c knows besides. */
static void put_commands(struct writer *w)
{
	enum command command;
	const char *name;

	for (size_t i = 0; options_command_at(i, &command, &name); i++) {
		put(w, name);
		put(w, " ");
	}
	put(w, "help version");
}

static void put_options(struct writer *w, enum command command)
{
	struct option_about option;

	for (size_t i = 0; options_at(i, &option); i++)
		if (option.commands & command) {
			put(w, " ");
			put(w, option.name);
		}
}

/* A line for each command: before NAME middle OPTIONS after. */
static void put_cases(struct writer *w, const char *middle, const char *after)
{
	enum command command;
	const char *name;

	for (size_t i = 0; options_command_at(i, &command, &name); i++) {
		put(w, "\t");
		put(w, name);
		put(w, middle);
		put_options(w, command);
		put(w, after);
	}
}

static void bash_write(struct writer *w)
{
	put(w, "# bash completion of landbridge: landbridge completion bash\n"
	       "_landbridge() {\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} commands='");
	put_commands(w);
	put(w, "' options=\n"
	       "\tCOMPREPLY=()\n"
	       "\tcase $COMP_CWORD,${COMP_WORDS[1]} in\n"
	       "\t1,* | 2,help) COMPREPLY=($(compgen -W \"$commands\" -- \"$cur\")); return ;;\n"
	       "\tesac\n"
	       "\tcase ${COMP_WORDS[1]} in\n");
	put_cases(w, ") options='", "' ;;\n");
	put(w, "\tesac\n"
	       "\tcase $cur in\n"
	       "\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
	       "\t*) [[ $COMP_CWORD,${COMP_WORDS[1]} != 2,drive ]] ||\n"
	       "\t\t{ COMPREPLY=($(compgen -W '" WISHES "' -- \"$cur\")); return; } ;;&\n"
	       "\t*) COMPREPLY=($(compgen -W \"$(" NAMES ")\" -- \"$cur\")) ;;\n"
	       "\tesac\n"
	       "}\n"
	       "complete -o bashdefault -o default -F _landbridge landbridge\n");
}

static void zsh_write(struct writer *w)
{
	put(w, "#compdef landbridge\n"
	       "# zsh completion of landbridge: landbridge completion zsh\n"
	       "_landbridge() {\n"
	       "\tlocal -a verbs flags\n"
	       "\tverbs=(");
	put_commands(w);
	put(w, ")\n"
	       "\tif (( CURRENT == 2 )) || [[ $CURRENT == 3 && ${words[2]} == help ]]; then\n"
	       "\t\tcompadd -a verbs\n"
	       "\t\treturn\n"
	       "\tfi\n"
	       "\tif [[ $CURRENT == 3 && ${words[2]} == drive ]]; then\n"
	       "\t\tcompadd " WISHES "\n"
	       "\t\treturn\n"
	       "\tfi\n"
	       "\tcase ${words[2]} in\n");
	put_cases(w, ") flags=(", ") ;;\n");
	put(w, "\tesac\n"
	       "\tif [[ $PREFIX == -* ]]; then\n"
	       "\t\tcompadd -a flags\n"
	       "\telse\n"
	       "\t\tcompadd -- ${(f)\"$(" NAMES ")\"}\n"
	       "\t\t_files\n"
	       "\tfi\n"
	       "}\n"
	       "_landbridge \"$@\"\n");
}

static void fish_option(struct writer *w, const char *command, const struct option_about *option)
{
	put(w, "complete -c landbridge -n '__fish_seen_subcommand_from ");
	put(w, command);
	put(w, strncmp(option->name, "--", 2) == 0 ? "' -l " : "' -s ");
	put(w, option->name + strspn(option->name, "-"));
	put(w, option->has_value ? " -r\n" : "\n");
}

static void fish_write(struct writer *w)
{
	struct option_about option;
	enum command command;
	const char *name;

	put(w, "# fish completion of landbridge: landbridge completion fish\n"
	       "complete -c landbridge -n __fish_use_subcommand -f -a '");
	put_commands(w);
	put(w, "'\ncomplete -c landbridge -n 'not __fish_use_subcommand' -a \"(" NAMES ")\"\n"
	       "complete -c landbridge -n '__fish_seen_subcommand_from drive; and not "
	       "__fish_seen_subcommand_from " WISHES "' -a '" WISHES "'\n");
	for (size_t i = 0; options_command_at(i, &command, &name); i++)
		for (size_t j = 0; options_at(j, &option); j++)
			if (option.commands & command)
				fish_option(w, name, &option);
}

int completion_write(struct writer *w, const char *shell)
{
	static const struct {
		const char *name;
		void (*write)(struct writer *w);
	} shells[] = { { "bash", bash_write }, { "zsh", zsh_write }, { "fish", fish_write } };

	for (size_t i = 0; i < array_len(shells); i++)
		if (strcmp(shells[i].name, shell) == 0) {
			shells[i].write(w);
			return 0;
		}
	return -EINVAL;
}
