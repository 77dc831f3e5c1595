#include "cmd/check_web.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "cert/cert.h"
#include "codec/url.h"
#include "io/settings.h"

const char *web_url(struct cw_arena *a, const char *text, const char *scheme)
{
	struct url url;
	char out[URL_TEXT];
	const char *whole = strstr(text, "://") ? text : cw_arena_join(a, scheme, text, NULL);
	if (url_parse(whole, &url, NULL) != CW_OK ||
	    (url.scheme != URL_HTTP && url.scheme != URL_HTTPS))
		return NULL;
	const char *host = name_to_ascii(a, url.host);
	if (strlen(host) >= sizeof(url.host))
		return NULL;
	memcpy(url.host, host, strlen(host) + 1);
	return cw_arena_str(a, url_text(&url, out));
}

const char *web_shown_url(const char *text)
{
	return strchr(text, '@') ? "..@.." : text;
}

bool web_consistent(const struct check_options *o, struct cw_text *error)
{
	if (o->proxy && !web_url(o->arena, o->proxy, "http://")) {
		*error = CW_TEXT(N_("want --proxy URL as in http://proxy.example.com:3128 (a user "
				    "name goes to --proxy-user), have %s"),
				 web_shown_url(o->proxy));
		return false;
	}
	if (o->proxy_user && !o->proxy) {
		*error = CW_TEXT(N_("want --proxy-user together with --proxy, have it alone"));
		return false;
	}
	if ((o->password_file || o->password_fd >= 0) && !o->proxy_user) {
		*error = CW_TEXT(N_("want --password-file or --password-fd together with "
				    "--proxy-user, have it alone"));
		return false;
	}
	if (o->password_file && o->password_fd >= 0) {
		*error = CW_TEXT(N_("want --password-file or --password-fd, have both"));
		return false;
	}
	return true;
}

const char *web_line(struct cw_arena *a, const char *line, const struct check_options *o)
{
	line = line_with_servers(a, line, o);
	if (o->proxy)
		line = line_with(a, line, "--proxy", web_url(a, o->proxy, "http://"));
	if (o->proxy_user)
		line = line_with(a, line, "--proxy-user", o->proxy_user);
	if (o->password_file)
		line = line_with(a, line, "--password-file", o->password_file);
	for (size_t i = 0; i < o->ca_count; i++)
		line = line_with(a, line, "--ca", o->ca[i]);
	return line;
}

/* ---- trusted roots ---- */

struct ca_shelf {
	struct cw_arena *arena;
	size_t count;
	struct ca_set {
		size_t file_count;
		const char *const *file;
		struct cert_set *roots;
	} set[LIMIT_CA_SETS];
};

struct ca_shelf *ca_shelf_new(void)
{
	struct ca_shelf *s = calloc(1, sizeof(*s));
	if (s)
		s->arena = cw_arena_new();
	return s;
}

void ca_shelf_free(struct ca_shelf *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		cert_set_free(s->set[i].roots);
	cw_arena_free(s->arena);
	free(s);
}

static struct cert_set *shelf_find(const struct ca_shelf *s, const struct check_options *o)
{
	for (size_t i = 0; s && i < s->count; i++) {
		const struct ca_set *have = &s->set[i];
		size_t same = 0;
		while (same < o->ca_count && same < have->file_count &&
		       !strcmp(o->ca[same], have->file[same]))
			same++;
		if (same == o->ca_count && same == have->file_count)
			return have->roots;
	}
	return NULL;
}

/* False: there is no shelf, or it is full; then the roots are the target's own. */
static bool shelf_keep(struct ca_shelf *s, const struct check_options *o, struct cert_set *roots)
{
	if (!s || s->count == LIMIT_CA_SETS)
		return false;
	const char **file = cw_arena_array_of(s->arena, const char *, o->ca_count);
	for (size_t i = 0; i < o->ca_count; i++)
		file[i] = cw_arena_str(s->arena, o->ca[i]);
	s->set[s->count++] = (struct ca_set){ o->ca_count, file, roots };
	return true;
}

static bool read_file_of_roots(struct cert_set *roots, const char *path, struct cw_arena *a,
			       struct cw_text *error)
{
	char *text;
	size_t len;
	const char *system_error;
	if (io_read_file(path, a, &text, &len, &system_error) != CW_OK) {
		*error = CW_TEXT(N_("want certificates in %s, cannot read it: %s"), path,
				 system_error);
		return false;
	}
	enum cw_ec ec = cert_set_add(roots, text, len, "store", NULL);
	if (ec == CW_OK)
		return true;
	*error = ec == CW_ETOOBIG
			 ? CW_TEXT(N_("want fewer certificates than there are in %s"), path)
			 : CW_TEXT(N_("want a certificate (PEM or DER) in %s, have none"), path);
	return false;
}

static bool read_roots(struct target *t, const struct check_options *o, struct cw_text *error)
{
	struct web_target *w = t->own;
	w->request.roots = shelf_find(o->shelf, o);
	if (!o->ca_count || w->request.roots)
		return true;
	w->roots = cert_set_new();
	for (size_t i = 0; i < o->ca_count; i++)
		if (!read_file_of_roots(w->roots, o->ca[i], t->arena, error))
			return false;
	w->request.roots = w->roots;
	if (shelf_keep(o->shelf, o, w->roots))
		w->roots = NULL;
	return true;
}

/* ---- targets ---- */

bool web_init(struct target *t, const struct check_options *o, struct cw_text *error)
{
	struct web_target *w = t->own;
	t->request = &w->request;
	w->request.command_line = t->command_line;
	w->request.server_count = o->server_count;
	w->request.server = o->server;
	w->request.settings = t->settings;
	w->request.settings_source = t->settings_source;
	w->request.proxy = o->proxy ? web_url(t->arena, o->proxy, "http://") : NULL;
	w->request.proxy_user = o->proxy_user;
	w->request.proxy_password = w->password.text;
	if (!read_roots(t, o, error))
		return false;
	return !o->password_file ||
	       secret_read_file(&w->password, o->password_file, t->arena, error);
}

bool web_ask(struct target *t, const struct app *app, const struct check_options *o, int *status)
{
	struct web_target *w = t->own;
	struct cw_text error;
	bool ok = !o->proxy_user || w->password.given;
	if (!ok && o->password_fd >= 0)
		ok = secret_read_fd(&w->password, (int)o->password_fd, t->arena, &error);
	else if (!ok)
		ok = secret_prompt(&w->password, app,
				   CW_TEXT(N_("Password of %s for the proxy:"), o->proxy_user),
				   &error);
	if (!ok)
		*status = app_fail(app, error);
	return ok;
}

bool web_asks_nothing(const struct target *t, const struct check_options *o, struct cw_text *error)
{
	const struct web_target *w = t->own;
	if (!o->proxy_user || w->password.given)
		return true;
	*error = CW_TEXT(N_("want --password-file with --proxy-user where nobody can be asked, "
			    "have no such file"));
	return false;
}

void web_clear(struct target *t)
{
	struct web_target *w = t->own;
	secret_wipe(&w->password);
	cert_set_free(w->roots);
	w->roots = NULL;
}
