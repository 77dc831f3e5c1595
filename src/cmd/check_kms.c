#include "cmd/check_kms.h"

#include <idn2.h>
#include <string.h>

#include "base/limits.h"
#include "io/settings.h"

enum option_id {
	OPT_DNS = 1,
	OPT_SUFFIX,
	OPT_HOST,
	OPT_HOST_ADDRESS,
	OPT_UPDATE_TEST,
	OPT_YES,
	OPT_KEY,
	OPT_FILE,
	OPT_JOBS,
	OPT_TIMEOUT,
	OPT_JSON,
	OPT_LANG,
	OPT_COLOR,
	OPT_VERBOSE,
	OPT_QUIET,
	OPT_HELP,
};

/* clang-format off */
const struct option_row check_rows[] = {
	{ OPT_DNS, "dns", 0, "ADDR[:PORT]", N_("ask this DNS server instead of the system's (repeatable)") },
	{ OPT_SUFFIX, "suffix", 0, "NAME", N_("search this DNS suffix too (repeatable)") },
	{ OPT_HOST, "host", 0, "HOST[:PORT]", N_("the KMS host that is set by hand, as slmgr /skms takes it") },
	{ OPT_HOST_ADDRESS, "host-address", 0, "ADDR", N_("the address that the KMS host really has") },
	{ OPT_UPDATE_TEST, "update-test", 0, NULL, N_("try whether the zone takes a KMS host's record: adds a test record and removes it (asks first)") },
	{ OPT_YES, "yes", 0, NULL, N_("answer the question of --update-test with yes") },
	{ OPT_KEY, "key", 0, "FILE", N_("TSIG key for --update-test, as nsupdate -k takes it") },
	{ OPT_FILE, "file", 'f', "FILE", N_("check many targets, one a line; - for standard input") },
	{ OPT_JOBS, "jobs", 0, "N", N_("targets at once with -f (default 200)") },
	{ OPT_TIMEOUT, "timeout", 0, "SECONDS", N_("time for the whole command, with -f for each target (default 20)") },
	{ OPT_JSON, "json", 0, NULL, N_("print the report as JSON") },
	{ OPT_LANG, "lang", 0, "en|ja", N_("language of the report (default: the locale's)") },
	{ OPT_COLOR, "color", 0, "auto|always|never", N_("colours (default auto)") },
	{ OPT_VERBOSE, "verbose", 'v', NULL, N_("show every probe on a timeline") },
	{ OPT_QUIET, "quiet", 'q', NULL, N_("print the verdict line only") },
	{ OPT_HELP, "help", 'h', NULL, N_("show this help") },
	{ 0 },
};
/* clang-format on */

/* A name with characters beyond ASCII is asked by its A-labels (RFC 5890, RFC 8753). */
static const char *to_ascii(struct cw_arena *a, const char *name)
{
	const char *c = name;
	while (*c && (unsigned char)*c < 0x80)
		c++;
	if (!*c)
		return cw_arena_str(a, name);
	char *ascii = NULL;
	if (idn2_to_ascii_8z(name, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
		return cw_arena_str(a, name); /* the syntax rule says what is wrong */
	const char *out = cw_arena_str(a, ascii);
	idn2_free(ascii);
	return out;
}

/* The host part alone; a port stays as it is. */
static const char *host_to_ascii(struct cw_arena *a, const char *host)
{
	const char *colon = strrchr(host, ':');
	if (!colon || strchr(host, ':') != colon)
		return to_ascii(a, host);
	return cw_arena_fmt(a, "%s%s", to_ascii(a, cw_arena_strn(a, host, (size_t)(colon - host))),
			    colon);
}

static bool take_server(struct check_options *o, const char *value, struct cw_text *error)
{
	char text[CW_ADDR_TEXT];
	struct cw_addr addr;
	if (!cw_addr_parse_port(value, 53, &addr)) {
		*error = CW_TEXT(N_("want --dns ADDR[:PORT] with an IP address, have %s"), value);
		return false;
	}
	if (o->server_count == RESOLVERS_MOST) {
		*error = CW_TEXT(N_("want at most 16 DNS servers, have more"));
		return false;
	}
	o->server_text[o->server_count] =
		cw_arena_str(o->arena, addr.port == 53 ? cw_addr_text(&addr, text)
						       : cw_addr_port_text(&addr, text));
	o->server[o->server_count++] = addr;
	return true;
}

static bool take_suffix(struct check_options *o, const char *value, struct cw_text *error)
{
	if (o->suffix_count == VALUES_MOST) {
		*error = CW_TEXT(N_("want at most 32 suffixes, have more"));
		return false;
	}
	o->suffix[o->suffix_count++] = to_ascii(o->arena, value);
	return true;
}

static bool take_host(struct check_options *o, const char *value, struct cw_text *error)
{
	if (!*value || (value[0] == ':' && value[1] != ':')) {
		*error = CW_TEXT(N_("want --host HOST[:PORT] with a host, have \"%s\""), value);
		return false;
	}
	o->host = host_to_ascii(o->arena, value);
	return true;
}

static bool take_address(struct check_options *o, const char *value, struct cw_text *error)
{
	if (!cw_addr_parse_port(value, 0, &o->given_address)) {
		*error = CW_TEXT(N_("want --host-address ADDR with an IP address, have %s"), value);
		return false;
	}
	o->host_address = value;
	return true;
}

bool check_color_read(const char *value, enum color_choice *out, struct cw_text *error)
{
	static const char *const names[] = {
		[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"
	};
	for (unsigned i = 0; i < 3; i++) {
		if (strcmp(names[i], value))
			continue;
		*out = (enum color_choice)i;
		return true;
	}
	*error = CW_TEXT(N_("want --color auto, always or never, have %s"), value);
	return false;
}

static bool take_number(const struct option_row *row, const char *value, long most, long *out,
			struct cw_arena *a, struct cw_text *error)
{
	if (option_number(value, 1, most, out))
		return true;
	*error = CW_TEXT(N_("want --%s from 1 to %s, have %s"), row->name,
			 cw_arena_fmt(a, "%ld", most), value);
	return false;
}

bool check_lang_is_known(const char *value, struct cw_text *error)
{
	if (!strcmp(value, "en") || !strcmp(value, "ja"))
		return true;
	*error = CW_TEXT(N_("want --lang en or ja, have %s"), value);
	return false;
}

static bool *flag_of(struct check_options *o, int id)
{
	switch (id) {
	case OPT_UPDATE_TEST:
		return &o->update_test;
	case OPT_YES:
		return &o->yes;
	case OPT_JSON:
		return &o->json;
	case OPT_VERBOSE:
		return &o->verbose;
	case OPT_QUIET:
		return &o->quiet;
	default:
		return &o->help;
	}
}

static bool take_option(void *ctx, const struct option_row *row, const char *value,
			struct cw_text *error)
{
	struct check_options *o = ctx;
	if (row->id >= OPT_FILE)
		o->given |= 1u << row->id;
	switch (row->id) {
	case OPT_DNS:
		return take_server(o, value, error);
	case OPT_SUFFIX:
		return take_suffix(o, value, error);
	case OPT_HOST:
		return take_host(o, value, error);
	case OPT_HOST_ADDRESS:
		return take_address(o, value, error);
	case OPT_KEY:
		o->key_file = value;
		return true;
	case OPT_FILE:
		o->file = value;
		return true;
	case OPT_JOBS:
		return take_number(row, value, LIMIT_JOBS_MOST, &o->jobs, o->arena, error);
	case OPT_TIMEOUT:
		return take_number(row, value, 86400, &o->timeout_s, o->arena, error);
	case OPT_LANG:
		o->lang = value;
		return check_lang_is_known(value, error);
	case OPT_COLOR:
		return check_color_read(value, &o->color, error);
	default:
		*flag_of(o, row->id) = true;
		return true;
	}
}

static bool take_operand(void *ctx, const char *word, struct cw_text *error)
{
	struct check_options *o = ctx;
	if (o->operand_count == 2) {
		*error = CW_TEXT(N_("want one domain, have another word: %s"), word);
		return false;
	}
	o->operand[o->operand_count++] = word;
	return true;
}

/* Options that do not go together, or not with what is asked for. */
static bool is_consistent(const struct check_options *o, struct cw_text *error)
{
	if (o->help || o->file)
		return true;
	if (!o->operand_count || strcmp(o->operand[0], "kms")) {
		*error = CW_TEXT(N_("want check kms [DOMAIN] or check -f FILE, have %s"),
				 o->operand_count ? o->operand[0] : N_("nothing to check"));
		return false;
	}
	if (o->key_file && !o->update_test) {
		*error = CW_TEXT(N_("want --key together with --update-test, have it alone"));
		return false;
	}
	if (o->jobs && !o->file) {
		*error = CW_TEXT(N_("want --jobs together with -f, have it alone"));
		return false;
	}
	return true;
}

static bool file_stands_alone(const struct check_options *o, struct cw_text *error)
{
	if (!o->file || o->help)
		return true;
	if (!o->operand_count && !o->server_count && !o->suffix_count && !o->host &&
	    !o->host_address && !o->update_test && !o->key_file)
		return true;
	*error = CW_TEXT(N_("want targets and their options in the lines of -f %s, have some on "
			    "the command line"),
			 o->file);
	return false;
}

bool check_options_read(struct cw_arena *arena, size_t count, const char *const *words,
			struct check_options *out, struct cw_text *error)
{
	*out = (struct check_options){ .arena = arena };
	struct option_reader r = {
		.rows = check_rows,
		.option = take_option,
		.operand = take_operand,
		.ctx = out,
	};
	return options_read(&r, count, words, error) && is_consistent(out, error) &&
	       file_stands_alone(out, error);
}

/* A word as a shell takes it back. */
static const char *quoted(struct cw_arena *a, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "._:/@%+=,-[]";
	if (*word && strspn(word, plain) == strlen(word))
		return word;
	char *out = cw_arena_alloc(a, strlen(word) * 4 + 3), *at = out;
	*at++ = '\'';
	for (; *word; word++) {
		if (*word != '\'') {
			*at++ = *word;
			continue;
		}
		memcpy(at, "'\\''", 4);
		at += 4;
	}
	*at = '\'';
	return out;
}

static const char *command_line(struct cw_arena *a, const struct check_options *o)
{
	const char *line = "clearway check kms";
	if (o->operand_count > 1)
		line = cw_arena_join(a, line, " ", quoted(a, o->operand[1]), NULL);
	for (size_t i = 0; i < o->suffix_count; i++)
		line = cw_arena_fmt(a, "%s --suffix %s", line, quoted(a, o->suffix[i]));
	for (size_t i = 0; i < o->server_count; i++)
		line = cw_arena_join(a, line, " --dns ", o->server_text[i], NULL);
	if (o->host)
		line = cw_arena_fmt(a, "%s --host %s", line, quoted(a, o->host));
	if (o->host_address)
		line = cw_arena_fmt(a, "%s --host-address %s", line, quoted(a, o->host_address));
	if (o->update_test)
		line = cw_arena_fmt(a, "%s --update-test", line);
	if (o->key_file)
		line = cw_arena_fmt(a, "%s --key %s", line, quoted(a, o->key_file));
	return line;
}

static bool read_key(struct kms_target *t, const char *path, struct cw_text *error)
{
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
	ec = tsig_key_parse(text, len, slash ? slash + 1 : path, &t->key, why, sizeof(why));
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

bool kms_target_init(struct kms_target *t, const struct check_options *o,
		     const struct resolver_settings *settings, const char *source,
		     struct cw_text *error)
{
	*t = (struct kms_target){ .arena = o->arena };
	t->request = (struct kms_request){
		.command_line = command_line(o->arena, o),
		.domain = o->operand_count > 1 ? to_ascii(o->arena, o->operand[1]) : NULL,
		.suffix_count = o->suffix_count,
		.suffix = o->suffix,
		.server_count = o->server_count,
		.server = o->server,
		.host = o->host,
		.host_address = o->host_address ? &o->given_address : NULL,
		.update_test = o->update_test,
		.key = o->key_file ? &t->key : NULL,
		.settings = settings,
		.settings_source = source,
	};
	t->timeout_ms = o->timeout_s ? o->timeout_s * 1000 : LIMIT_COMMAND_MS;
	t->shown = shown_target(&t->request);
	return !o->key_file || read_key(t, o->key_file, error);
}

void kms_target_clear(struct kms_target *t)
{
	tsig_key_wipe(&t->key);
}

struct run *kms_target_start(const struct kms_target *t, const struct run_services *services,
			     void (*done)(void *ctx, struct run *run), void *ctx)
{
	struct run_spec spec = {
		.probes = kms_probes,
		.wanted = rules_need(kms_rules),
		.timeout_ms = t->timeout_ms,
		.request = &t->request,
		.state_size = kms_state_size(),
		.done = done,
		.ctx = ctx,
	};
	return run_start(services, &spec);
}

const struct report *kms_target_report(const struct kms_target *t, struct run *run)
{
	struct cw_arena *a = run_arena(run);
	struct diagnosis *d = cw_arena_new_of(a, struct diagnosis);
	struct report *r = cw_arena_new_of(a, struct report);
	diagnose(&kms_family, run_facts(run), d);
	*r = (struct report){
		.version = CLEARWAY_VERSION,
		.command = "check kms",
		.target = t->shown,
		.prove = t->request.command_line,
		.started_unix_ms = run_started_unix_s(run) * 1000,
		.elapsed_ms = run_elapsed_ms(run),
		.cut_short = run_was_cut_short(run),
		.facts = run_facts(run),
		.diagnosis = d,
	};
	return r;
}

const struct resolver_settings *system_settings(struct cw_arena *arena)
{
	struct resolver_settings *s = cw_arena_new_of(arena, struct resolver_settings);
	char *text;
	size_t len;
	if (io_resolver_settings(arena, &text, &len, &s->path, &s->error) != CW_OK) {
		s->outcome = CW_OUT_UNREADABLE;
		return s;
	}
	resolv_conf_parse(text, len, arena, s);
	const char *domain = s->suffix_count ? NULL : io_host_domain(arena);
	if (domain)
		resolver_settings_add_suffix(s, arena, domain);
	return s;
}
