#include "cmd/check_kms.h"

#include <string.h>
#include <unistd.h>

#include "codec/tsig.h"
#include "io/settings.h"
#include "probe/kms.h"

struct kms_target {
	struct kms_request request;
	struct tsig_key key;
};

static bool consistent(const struct check_options *o, struct cw_text *error)
{
	if (o->operand_count > 2) {
		*error = CW_TEXT(N_("want one domain, have another word: %s"), o->operand[2]);
		return false;
	}
	if (o->key_file && !o->update_test) {
		*error = CW_TEXT(N_("want --key together with --update-test, have it alone"));
		return false;
	}
	return true;
}

static const char *command_line(struct cw_arena *a, const struct check_options *o)
{
	const char *line = "clearway check kms";
	if (o->operand_count > 1)
		line = cw_arena_join(a, line, " ", quoted_word(a, o->operand[1]), NULL);
	for (size_t i = 0; i < o->suffix_count; i++)
		line = line_with(a, line, "--suffix", o->suffix[i]);
	line = line_with_servers(a, line, o);
	if (o->host)
		line = line_with(a, line, "--host", o->host);
	if (o->host_address)
		line = line_with(a, line, "--host-address", o->host_address);
	if (o->update_test)
		line = cw_arena_join(a, line, " --update-test", NULL);
	if (o->key_file)
		line = line_with(a, line, "--key", o->key_file);
	return line;
}

static bool read_key(struct target *t, const char *path, struct cw_text *error)
{
	struct kms_target *k = t->own;
	char *text, why[256];
	size_t len;
	const char *system_error;
	enum cw_ec ec = io_read_file(path, t->arena, &text, &len, &system_error);
	if (ec != CW_OK) {
		*error = CW_TEXT(N_("want a TSIG key in %s, cannot read it: %s"), path,
				 system_error);
		return false;
	}
	const char *slash = strrchr(path, '/');
	ec = tsig_key_parse(text, len, slash ? slash + 1 : path, &k->key, why, sizeof(why));
	explicit_bzero(text, len);
	if (ec == CW_OK)
		return true;
	*error = CW_TEXT(N_("want a TSIG key in %s: %s"), path, cw_arena_str(t->arena, why));
	return false;
}

/* The name of the target in a report: what was asked for, else what the client searches. */
static const char *shown_target(const struct kms_request *req)
{
	if (req->domain)
		return req->domain;
	if (req->host)
		return req->host;
	if (req->suffix_count)
		return req->suffix[0];
	return req->settings->suffix_count ? req->settings->suffix[0] : "-";
}

static bool init(struct target *t, const struct check_options *o, struct cw_text *error)
{
	struct kms_target *k = t->own;
	t->command_line = command_line(t->arena, o);
	t->request = &k->request;
	k->request = (struct kms_request){
		.command_line = t->command_line,
		.domain = o->operand_count > 1 ? name_to_ascii(t->arena, o->operand[1]) : NULL,
		.suffix_count = o->suffix_count,
		.suffix = o->suffix,
		.server_count = o->server_count,
		.server = o->server,
		.host = o->host,
		.host_address = o->host_address ? &o->given_address : NULL,
		.update_test = o->update_test,
		.key = o->key_file ? &k->key : NULL,
		.settings = t->settings,
		.settings_source = t->settings_source,
	};
	t->shown = shown_target(&k->request);
	return !o->key_file || read_key(t, o->key_file, error);
}

static void clear(struct target *t)
{
	struct kms_target *k = t->own;
	tsig_key_wipe(&k->key);
}

/* The question before anything is written to a zone. */
static bool consents(const struct app *app, const char *domain)
{
	char answer[8] = "";
	struct cw_text question = CW_TEXT(
		N_("The update test adds a test record beside _vlmcs._tcp in the zone of %s and "
		   "removes it at once. Go on? [y/N]"),
		domain);
	app_complain(app, question);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static bool ask(struct target *t, const struct app *app, const struct check_options *o, int *status)
{
	struct kms_target *k = t->own;
	if (!k->request.update_test || o->yes)
		return true;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		*status = app_fail(app, CW_TEXT(N_("want --yes with --update-test where nobody can "
						   "be asked, have no terminal")));
		return false;
	}
	if (!consents(app, t->shown)) {
		app_say(app, stderr, CW_TEXT(N_("Nothing is written; the rest is checked.")));
		k->request.update_test = false;
	}
	return true;
}

static bool asks_nothing(const struct target *t, const struct check_options *o,
			 struct cw_text *error)
{
	(void)t;
	if (!o->update_test || o->yes)
		return true;
	*error = CW_TEXT(N_("want --yes with --update-test in a list, have it alone"));
	return false;
}

const struct target_kind target_kms = {
	.name = "kms",
	.command = "check kms",
	.bit = CHECK_KMS,
	.own_size = sizeof(struct kms_target),
	.probes = kms_probes,
	.state_size = kms_state_size,
	.family = &kms_family,
	.usage = N_("Usage: clearway check kms [DOMAIN] [OPTION...]\n"
		    "       clearway check -f FILE [OPTION...]"),
	.about = N_("Walks the way that a Windows client takes to its KMS host: DNS suffixes, SRV "
		    "record, host, port, RPC. Names what is in the way."),
	.examples = "  clearway check kms contoso.com\n"
		    "  clearway check kms contoso.com --dns 10.0.0.10 --dns 10.0.0.11 -v\n"
		    "  clearway check kms contoso.com --host kms01.contoso.com:1688\n"
		    "  clearway check kms contoso.com --update-test --key kms.key\n"
		    "  clearway check -f targets.txt --json > results.jsonl\n",
	.consistent = consistent,
	.init = init,
	.ask = ask,
	.asks_nothing = asks_nothing,
	.clear = clear,
};
