/* From the hop of a visit to its fact. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "codec/http.h"
#include "probe/web_state.h"

const char *web_header(const struct visit_result *r, const char *name)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (!strcasecmp(r->header[i].name, name))
			return r->header[i].value;
	return NULL;
}

const char *web_agent(const struct visit_result *r)
{
	static const char *const names[] = { "Proxy-Agent", "Server", "Via" };
	const char *value = NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !value; i++)
		value = web_header(r, names[i]);
	return value;
}

const char *web_time_text(struct run *run, int64_t unix_s)
{
	char text[40];
	time_t t = (time_t)unix_s;
	struct tm tm;
	if (!gmtime_r(&t, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return NULL;
	return cw_arena_str(run_arena(run), text);
}

const char *web_content_of(const uint8_t *at, size_t len)
{
	size_t i = 0;
	if (!len)
		return "empty";
	if (at[0] == 0x30)
		return "der";
	while (i < len && (at[i] == ' ' || (at[i] >= '\t' && at[i] <= '\r')))
		i++;
	if (len - i >= 10 && !memcmp(at + i, "-----BEGIN", 10))
		return "pem";
	return i < len && at[i] == '<' ? "html" : "other";
}

enum proxy_auth web_auth_of(const char *scheme)
{
	for (enum proxy_auth a = PROXY_AUTH_BASIC; a <= PROXY_AUTH_NEGOTIATE; a++)
		if (!strcasecmp(proxy_auth_name(a), scheme))
			return a;
	return PROXY_AUTH_NONE;
}

struct fact *web_hop_fact(struct web_errand *e, enum fact_kind kind, const char *subject,
			  const char *host, const struct visit_result *r)
{
	struct fact_store *s = run_facts(e->run);
	struct fact *f = run_fact(e->run, e->kind->probe, kind, subject);
	f->outcome = r->outcome;
	f->took_ms = r->took_ms;
	f->at_ms = run_elapsed_ms(e->run) - r->took_ms;
	fact_set_text(s, f, FIELD_HOST, host);
	fact_set_text(s, f, FIELD_ROUTE, web_route_name(e->route));
	fact_set_text(s, f, FIELD_GOT, r->got);
	fact_set_text(s, f, FIELD_GUESS, r->guess);
	fact_set_text(s, f, FIELD_ALERT, r->tls_alert);
	fact_set_text(s, f, FIELD_DETAIL, r->why);
	if (r->status)
		fact_set_number(s, f, FIELD_STATUS, r->status);
	run_set_icmp(e->run, f, &r->icmp, e->to.family == CW_IPV6);
	if (r->system_error)
		fact_set_text(s, f, FIELD_ERROR, strerror(r->system_error));
	return f;
}

void web_put_proxy_answer(struct web_errand *e, const char *subject, const char *method,
			  const struct visit_result *r)
{
	struct fact_store *s = run_facts(e->run);
	struct fact *f = web_hop_fact(e, FACT_PROXY_ANSWER, subject, NULL, r);
	fact_set_text(s, f, FIELD_URL, web_state_of(e->run)->proxy.url);
	fact_set_text(s, f, FIELD_METHOD, method);
	fact_set_text(s, f, FIELD_AUTH, proxy_auth_name(e->proxy.auth));
	fact_set_text(s, f, FIELD_AGENT, web_agent(r));
	fact_set_text(s, f, FIELD_REALM, r->realm);
	if (r->scheme_count)
		fact_set_list(s, f, FIELD_SCHEMES, r->scheme_count, r->scheme);
	if (r->auth_trouble) {
		fact_set_text(s, f, FIELD_WHY, "not-tried");
		fact_set_text(s, f, FIELD_DETAIL, r->auth_trouble);
	}
	run_put(e->run, f);
}

/* RFC 9111 5.1: what a cache hands out is older than its Date by so much. */
static int64_t age_of(const struct visit_result *r)
{
	const char *age = web_header(r, "Age");
	return age ? strtol(age, NULL, 10) : 0;
}

void web_hear_clock(struct web_errand *e, const char *host, const struct visit_result *r)
{
	struct web_state *st = web_state_of(e->run);
	struct fact_store *s = run_facts(e->run);
	const char *date = web_header(r, "Date"), *route = web_route_name(e->route);
	struct cw_arena *a = run_arena(e->run);
	int64_t theirs;
	if (!date || !http_date_parse(date, &theirs) ||
	    !name_set_add(&st->clocks, a, cw_arena_join(a, host, " ", route, NULL)))
		return;
	theirs += age_of(r);
	struct fact *f = run_fact(e->run, e->kind->probe, FACT_CLOCK, host);
	f->outcome = CW_OUT_OK;
	fact_set_number(s, f, FIELD_SKEW_S, theirs - (int64_t)io_unix_time_s());
	fact_set_text(s, f, FIELD_DATE, web_time_text(e->run, theirs));
	fact_set_text(s, f, FIELD_SOURCE, "date");
	fact_set_text(s, f, FIELD_ROUTE, route);
	run_put(e->run, f);
}

static void keep_shake(struct web_errand *e, const struct fact *f, const char *host,
		       const struct visit_result *r)
{
	struct web_state *st = web_state_of(e->run);
	struct cw_arena *a = run_arena(e->run);
	struct web_shake *x = cw_arena_new_of(a, struct web_shake);
	*x = (struct web_shake){
		.fact = f,
		.host = host,
		.subject = f->subject,
		.route = e->route,
		.first = e->kind->probe == &web_probe_visit,
		.cert_count = r->cert_count,
		.cert = cw_arena_array_of(a, struct visit_bytes, r->cert_count),
		.next = st->shakes,
	};
	for (size_t i = 0; i < r->cert_count; i++)
		x->cert[i] = (struct visit_bytes){ cw_arena_copy(a, r->cert[i].at, r->cert[i].len),
						   r->cert[i].len };
	if (r->staple.len)
		x->staple = (struct visit_bytes){ cw_arena_copy(a, r->staple.at, r->staple.len),
						  r->staple.len };
	st->shakes = x;
}

void web_put_handshake(struct web_errand *e, const char *host, const char *sni,
		       const struct visit_result *r)
{
	struct fact_store *s = run_facts(e->run);
	struct fact *f = web_hop_fact(e, FACT_TLS_HANDSHAKE, e->subject, host, r);
	fact_set_text(s, f, FIELD_SNI, sni ? sni : "none");
	fact_set_text(s, f, FIELD_VERSION, r->tls_version);
	fact_set_text(s, f, FIELD_CIPHER, r->tls_cipher);
	fact_set_flag(s, f, FIELD_HELLO, r->hello_seen);
	if (r->client_certificate_asked)
		fact_set_flag(s, f, FIELD_CLIENT_CERT, true);
	if (r->cert_count)
		keep_shake(e, f, host, r);
	run_put(e->run, f);
}
