#include "cmd/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { END_OF_TEXT = 3 /* Ctrl-C */ };

/* Reads byte by byte, so that what stands behind the line stays for others. */
static bool take_line(struct secret *s, int fd, int *error)
{
	size_t len = 0;
	*error = 0;
	for (;;) {
		char c;
		ssize_t n = read(fd, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			*error = errno;
			return false;
		}
		if (!n || c == '\n')
			break;
		if (!c || len == LIMIT_PASSWORD) {
			*error = EMSGSIZE;
			return false;
		}
		s->text[len++] = c;
	}
	if (len && s->text[len - 1] == '\r')
		len--;
	memset(s->text + len, 0, sizeof(s->text) - len);
	s->given = true;
	return true;
}

static bool read_from(struct secret *s, int fd, const char *from, struct cw_arena *arena,
		      struct cw_text *error)
{
	int code;
	if (take_line(s, fd, &code))
		return true;
	secret_wipe(s);
	if (code == EMSGSIZE)
		*error = CW_TEXT(N_("want a password of at most 1024 bytes in the first line of "
				    "%s, have a longer one, or a NUL byte"),
				 from);
	else
		*error = CW_TEXT(N_("want a password in %s, cannot read it: %s"), from,
				 cw_arena_str(arena, strerror(code)));
	return false;
}

bool secret_read_file(struct secret *s, const char *path, struct cw_arena *arena,
		      struct cw_text *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		*error = CW_TEXT(N_("want a password in %s, cannot read it: %s"), path,
				 cw_arena_str(arena, strerror(errno)));
		return false;
	}
	bool ok = read_from(s, fd, path, arena, error);
	(void)close(fd);
	return ok;
}

bool secret_read_fd(struct secret *s, int fd, struct cw_arena *arena, struct cw_text *error)
{
	return read_from(s, fd, cw_arena_fmt(arena, "--password-fd %d", fd), arena, error);
}

bool secret_prompt(struct secret *s, const struct app *app, struct cw_text question,
		   struct cw_text *error)
{
	struct termios before, quiet;
	int code;
	if (!isatty(STDERR_FILENO) || tcgetattr(STDIN_FILENO, &before)) {
		*error = CW_TEXT(N_("want --password-file or --password-fd where nobody can be "
				    "asked for the password, have no terminal"));
		return false;
	}
	/* Without signals: Ctrl-C would leave a terminal that shows nothing of what is typed. */
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	(void)fputs(cw_text_render(app->arena, &question, app->translate), stderr);
	(void)fputs(" ", stderr);
	(void)fflush(stderr);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	bool ok = take_line(s, STDIN_FILENO, &code) && !strchr(s->text, END_OF_TEXT);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	(void)fputs("\n", stderr);
	if (ok)
		return true;
	secret_wipe(s);
	*error = CW_TEXT(N_("want a password, have none"));
	return false;
}

void secret_wipe(struct secret *s)
{
	if (s)
		explicit_bzero(s, sizeof(*s));
}
