#include "cmd/check_web.h"

#include <string.h>

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

static bool read_roots(struct target *t, const char *path, struct cw_text *error)
{
	struct web_target *w = t->own;
	struct cert_set_report report;
	char *text;
	size_t len;
	const char *system_error;
	if (io_read_file(path, t->arena, &text, &len, &system_error) != CW_OK) {
		*error = CW_TEXT(N_("want certificates in %s, cannot read it: %s"), path,
				 system_error);
		return false;
	}
	if (!w->roots)
		w->roots = cert_set_new();
	enum cw_ec ec = cert_set_add(w->roots, text, len, "store", &report);
	if (ec == CW_OK)
		return true;
	*error = ec == CW_ETOOBIG
			 ? CW_TEXT(N_("want fewer certificates than there are in %s"), path)
			 : CW_TEXT(N_("want a certificate (PEM or DER) in %s, have none"), path);
	return false;
}

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
	for (size_t i = 0; i < o->ca_count; i++)
		if (!read_roots(t, o->ca[i], error))
			return false;
	w->request.roots = w->roots;
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
