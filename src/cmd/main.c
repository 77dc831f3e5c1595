/* The program: one table of commands. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cmd/app.h"

struct command {
	const char *name;
	const char *help; /* message id */
	int (*run)(struct app *app, size_t count, const char *const *words);
};

static const struct command commands[] = {
	{ "check",
	  N_("find out what keeps a client from its KMS host, its VPN server or activation"),
	  cmd_check },
	{ "lab", N_("faulty and healthy services on loopback, to try Clearway on"), cmd_lab },
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static void print_help(const struct app *app)
{
	app_say(app, stdout, CW_TEXT(N_("Usage: clearway COMMAND [ARGUMENT...]")));
	app_say(app, stdout,
		CW_TEXT(N_(
			"Finds out why a Windows machine cannot activate or bring up its SSTP VPN, "
			"and names the cause with the code that Windows shows.")));
	(void)fputs("\n", stdout);
	for (size_t i = 0; i < COMMANDS; i++) {
		struct cw_text help = CW_TEXT(commands[i].help);
		(void)printf("  %-8s %s\n", commands[i].name,
			     cw_text_render(app->arena, &help, app->translate));
	}
	(void)fputs("\n", stdout);
	app_say(app, stdout, CW_TEXT(N_("Examples:")));
	(void)fputs("  clearway check kms contoso.com\n"
		    "  clearway check kms contoso.com --dns 10.0.0.10 --json\n"
		    "  clearway check sstp vpn.contoso.com\n"
		    "  clearway check activation --proxy http://proxy.contoso.com:3128\n"
		    "  clearway lab run company\n\n",
		    stdout);
	app_say(app, stdout,
		CW_TEXT(N_("Exit status: 0 the way is clear, 1 a cause was found, 2 usage error or "
			   "trouble of our own, 3 could not be determined.")));
	app_say(app, stdout,
		CW_TEXT(N_("More: clearway COMMAND --help, clearway --version, man clearway")));
}

static int run_command(struct app *app, size_t count, const char *const *words)
{
	if (!count)
		return app_fail(app,
				CW_TEXT(N_("want a command (see clearway --help), have none")));
	if (!strcmp(words[0], "--version") || !strcmp(words[0], "-V")) {
		(void)puts("clearway " CLEARWAY_VERSION);
		return app_finish_output(app);
	}
	if (!strcmp(words[0], "--help") || !strcmp(words[0], "-h")) {
		print_help(app);
		return app_finish_output(app);
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, words[0]))
			return commands[i].run(app, count - 1, words + 1);
	return app_fail(app,
			CW_TEXT(N_("want a command (see clearway --help), have %s"), words[0]));
}

/* A stream that is closed gives its number to the first socket, which would then get the report
 * (and libuv does not take such numbers). In its place stands a file that refuses what the stream
 * is for, so a report that nobody can read is still an error. */
static bool fill_closed_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) != -1 || errno != EBADF)
			continue;
		/* The lowest number that is free is this one. */
		if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	if (!fill_closed_streams())
		return EXIT_TROUBLE;
	struct app app = { .arena = cw_arena_new() };
	(void)signal(SIGPIPE, SIG_IGN);
	app_set_language(&app, NULL);
	int status =
		run_command(&app, argc > 1 ? (size_t)argc - 1 : 0, (const char *const *)argv + 1);
	cw_arena_free(app.arena);
	return status;
}
