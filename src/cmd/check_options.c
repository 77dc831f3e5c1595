#include "cmd/check_options.h"

#include <idn2.h>
#include <string.h>

#include "base/limits.h"
#include "cmd/target.h"

enum option_id {
	OPT_DNS = 1,
	OPT_SUFFIX,
	OPT_HOST,
	OPT_HOST_ADDRESS,
	OPT_UPDATE_TEST,
	OPT_YES,
	OPT_KEY,
	OPT_PROXY,
	OPT_PROXY_USER,
	OPT_PASSWORD_FILE,
	OPT_PASSWORD_FD,
	OPT_CA,
	OPT_CONNECT_TO,
	OPT_CRL,
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

enum {
	CHECK_WEB = CHECK_SSTP | CHECK_ACTIVATION,
	CHECK_ALL = CHECK_KMS | CHECK_WEB,
};

/* clang-format off */
static const struct option_row rows[] = {
	{ OPT_DNS, "dns", 0, "ADDR[:PORT]", N_("ask this DNS server instead of the system's (repeatable)"), CHECK_ALL },
	{ OPT_SUFFIX, "suffix", 0, "NAME", N_("search this DNS suffix too (repeatable)"), CHECK_KMS },
	{ OPT_HOST, "host", 0, "HOST[:PORT]", N_("the KMS host that is set by hand, as slmgr /skms takes it"), CHECK_KMS },
	{ OPT_HOST_ADDRESS, "host-address", 0, "ADDR", N_("the address that the KMS host really has"), CHECK_KMS },
	{ OPT_UPDATE_TEST, "update-test", 0, NULL, N_("try whether the zone takes a KMS host's record: adds a test record and removes it (asks first)"), CHECK_KMS },
	{ OPT_YES, "yes", 0, NULL, N_("answer the question of --update-test with yes"), CHECK_KMS },
	{ OPT_KEY, "key", 0, "FILE", N_("TSIG key for --update-test, as nsupdate -k takes it"), CHECK_KMS },
	{ OPT_PROXY, "proxy", 0, "URL", N_("the HTTP proxy that the client uses; without it none, whatever the environment says"), CHECK_WEB },
	{ OPT_PROXY_USER, "proxy-user", 0, "NAME", N_("try the proxy's logins with this user too (asks for the password)"), CHECK_WEB },
	{ OPT_PASSWORD_FILE, "password-file", 0, "FILE", N_("the password of --proxy-user is the first line of this file"), CHECK_WEB },
	{ OPT_PASSWORD_FD, "password-fd", 0, "N", N_("the password of --proxy-user is read from this open file"), CHECK_WEB },
	{ OPT_CA, "ca", 0, "FILE", N_("trust these root certificates instead of the system's (repeatable)"), CHECK_WEB },
	{ OPT_CONNECT_TO, "connect-to", 0, "ADDR[:PORT]", N_("connect to this address, whatever DNS says of the host"), CHECK_SSTP },
	{ OPT_CRL, "crl", 0, "URL", N_("fetch this revocation list too (repeatable)"), CHECK_ACTIVATION },
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

const struct option_row *check_rows(struct cw_arena *arena, unsigned commands)
{
	struct option_row *out =
		cw_arena_array_of(arena, struct option_row, sizeof(rows) / sizeof(*rows));
	size_t count = 0;
	for (const struct option_row *row = rows; row->name; row++)
		if (!row->commands || row->commands & commands)
			out[count++] = *row;
	return out;
}

const char *name_to_ascii(struct cw_arena *a, const char *name)
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

const char *host_to_ascii(struct cw_arena *a, const char *host)
{
	const char *colon = strrchr(host, ':');
	if (!colon || strchr(host, ':') != colon)
		return name_to_ascii(a, host);
	return cw_arena_fmt(
		a, "%s%s", name_to_ascii(a, cw_arena_strn(a, host, (size_t)(colon - host))), colon);
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
	o->suffix[o->suffix_count++] = name_to_ascii(o->arena, value);
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

static bool take_connect_to(struct check_options *o, const char *value, struct cw_text *error)
{
	if (!cw_addr_parse_port(value, 0, &o->connect_addr)) {
		*error = CW_TEXT(N_("want --connect-to ADDR[:PORT] with an IP address, have %s"),
				 value);
		return false;
	}
	o->connect_to = value;
	return true;
}

static bool take_one_of_many(const struct option_row *row, const char *value, size_t *count,
			     const char **list, struct cw_text *error)
{
	if (*count == VALUES_MOST) {
		*error = CW_TEXT(N_("want --%s at most 32 times, have it more often"), row->name);
		return false;
	}
	list[(*count)++] = value;
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

static bool take_number(const struct option_row *row, const char *value, long least, long most,
			long *out, struct cw_arena *a, struct cw_text *error)
{
	if (option_number(value, least, most, out))
		return true;
	if (least == 1)
		*error = CW_TEXT(N_("want --%s from 1 to %s, have %s"), row->name,
				 cw_arena_fmt(a, "%ld", most), value);
	else
		*error =
			CW_TEXT(N_("want --%s from %s to %s, have %s"), row->name,
				cw_arena_fmt(a, "%ld", least), cw_arena_fmt(a, "%ld", most), value);
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

/* Options whose value is kept as it was typed. */
static const char **text_of(struct check_options *o, int id)
{
	switch (id) {
	case OPT_KEY:
		return &o->key_file;
	case OPT_PROXY:
		return &o->proxy;
	case OPT_PROXY_USER:
		return &o->proxy_user;
	case OPT_PASSWORD_FILE:
		return &o->password_file;
	case OPT_FILE:
		return &o->file;
	default:
		return NULL;
	}
}

static bool take_option(void *ctx, const struct option_row *row, const char *value,
			struct cw_text *error)
{
	struct check_options *o = ctx;
	o->given |= UINT64_C(1) << row->id;
	if (text_of(o, row->id)) {
		*text_of(o, row->id) = value;
		return true;
	}
	switch (row->id) {
	case OPT_DNS:
		return take_server(o, value, error);
	case OPT_SUFFIX:
		return take_suffix(o, value, error);
	case OPT_HOST:
		return take_host(o, value, error);
	case OPT_HOST_ADDRESS:
		return take_address(o, value, error);
	case OPT_CONNECT_TO:
		return take_connect_to(o, value, error);
	case OPT_CA:
		return take_one_of_many(row, value, &o->ca_count, o->ca, error);
	case OPT_CRL:
		return take_one_of_many(row, value, &o->crl_count, o->crl, error);
	case OPT_PASSWORD_FD:
		return take_number(row, value, 0, 1 << 20, &o->password_fd, o->arena, error);
	case OPT_JOBS:
		return take_number(row, value, 1, LIMIT_JOBS_MOST, &o->jobs, o->arena, error);
	case OPT_TIMEOUT:
		return take_number(row, value, 1, 86400, &o->timeout_s, o->arena, error);
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
	if (o->operand_count == sizeof(o->operand) / sizeof(*o->operand)) {
		*error = CW_TEXT(N_("want at most 32 targets, have another word: %s"), word);
		return false;
	}
	o->operand[o->operand_count++] = word;
	return true;
}

/* Every option is one of those that this kind of target takes. */
static bool options_fit(const struct check_options *o, struct cw_text *error)
{
	for (const struct option_row *row = rows; row->name; row++) {
		bool given = o->given >> row->id & 1;
		if (!given || !row->commands || row->commands & o->kind->bit)
			continue;
		*error = CW_TEXT(N_("want an option of %s (see --help), have --%s"),
				 o->kind->command, row->name);
		return false;
	}
	return true;
}

/* Options that do not go together, or not with what is asked for. */
static bool is_consistent(const struct check_options *o, struct cw_text *error)
{
	if (o->help || o->file)
		return true;
	if (!o->kind) {
		*error =
			CW_TEXT(N_("want check kms, sstp or activation, or check -f FILE, have %s"),
				o->operand_count ? o->operand[0] : N_("nothing to check"));
		return false;
	}
	if (!options_fit(o, error) || !o->kind->consistent(o, error))
		return false;
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
	bool alone = !o->operand_count;
	for (const struct option_row *row = rows; row->name; row++)
		alone &= !row->commands || !(o->given >> row->id & 1);
	if (alone)
		return true;
	*error = CW_TEXT(N_("want targets and their options in the lines of -f %s, have some on "
			    "the command line"),
			 o->file);
	return false;
}

bool check_options_read(struct cw_arena *arena, size_t count, const char *const *words,
			struct check_options *out, struct cw_text *error)
{
	*out = (struct check_options){ .arena = arena, .password_fd = -1 };
	struct option_reader r = {
		.rows = rows,
		.option = take_option,
		.operand = take_operand,
		.ctx = out,
	};
	if (!options_read(&r, count, words, error))
		return false;
	if (out->operand_count)
		out->kind = target_kind_find(out->operand[0]);
	return is_consistent(out, error) && file_stands_alone(out, error);
}

const char *quoted_word(struct cw_arena *a, const char *word)
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

const char *line_with(struct cw_arena *a, const char *line, const char *option, const char *value)
{
	return cw_arena_join(a, line, " ", option, " ", quoted_word(a, value), NULL);
}

const char *line_with_servers(struct cw_arena *a, const char *line, const struct check_options *o)
{
	for (size_t i = 0; i < o->server_count; i++)
		line = cw_arena_join(a, line, " --dns ", o->server_text[i], NULL);
	return line;
}
