#include "rule/remote_say.h"

#include <string.h>
#include <strings.h>

#include "base/addr.h"

static void say_failed_lookup(struct judge *j, const struct fact *f)
{
	struct cw_arena *a = judge_arena(j);
	struct cw_text end = { .msgid = cw_outcome_text(f->outcome) };
	struct cw_text *inner = cw_arena_copy(a, &end, sizeof(end));
	struct cw_text t = CW_TEXT(N_("%1$s: %2$s %3$s, %4$s ms: %5$s; want an address, have none"),
				   server_name(a, fact_text(f, FIELD_SERVER)), f->subject,
				   address_type(f), ms_text(a, f->took_ms));
	t.inner[0] = inner;
	judge_evidence(j, f, t);
}

void say_lookup(struct judge *j, const struct fact *f)
{
	if (is_negative(f->outcome))
		say_denied(j, f);
	else
		say_failed_lookup(j, f);
}

bool say_no_resolver(struct judge *j, const struct remote_target *t)
{
	struct cw_addr ignored;
	const struct fact *f = fact_first(judge_facts(j), FACT_CLIENT_RESOLVER);
	if (!f || f->outcome != CW_OUT_NONE || t->lookups.count || cw_addr_parse(t->host, &ignored))
		return false;
	judge_evidence(j, f,
		       CW_TEXT(N_("the resolver settings of this machine: want at least one DNS "
				  "server, have none"),
			       NULL));
	judge_title(j, CW_TEXT(N_("No DNS server is configured on this machine"), NULL));
	judge_fix(
		j,
		CW_TEXT(N_("Give the network adapter the addresses of your DNS servers, by DHCP or "
			   "by hand:"),
			NULL),
		"Set-DnsClientServerAddress -InterfaceAlias 'Ethernet' -ServerAddresses "
		"DNS-SERVER-ADDRESS");
	return true;
}

static const char *peer_text(struct cw_arena *a, const struct fact *f)
{
	const char *host = fact_text(f, FIELD_HOST);
	if (!*host || !strncasecmp(f->subject, host, strlen(host)))
		return f->subject;
	return cw_arena_fmt(a, "%s (%s)", host, f->subject);
}

void say_at(struct judge *j, const struct fact *f, const char *msgid, const char *extra)
{
	struct cw_arena *a = judge_arena(j);
	judge_evidence(j, f, CW_TEXT(msgid, peer_text(a, f), ms_text(a, f->took_ms), extra));
}

static void say_cut(struct judge *j, const struct fact *f)
{
	if (fact_flag(f, FIELD_HELLO))
		say_at(j, f,
		       N_("%1$s: TLS handshake, cut after %2$s ms, behind the ServerHello; want "
			  "it completed, have a closed connection"),
		       NULL);
	else
		say_at(j, f,
		       N_("%1$s: TCP connects, then the peer hangs up after %2$s ms; want a "
			  "ServerHello, have a closed connection without a byte of TLS"),
		       NULL);
}

static const char *first_of(const char *a, const char *b)
{
	return *a ? a : *b ? b : "?";
}

void say_handshake(struct judge *j, const struct fact *f)
{
	const char *alert = fact_text(f, FIELD_ALERT);
	switch (f->outcome) {
	case CW_OUT_TIMEOUT:
		say_at(j, f,
		       N_("%1$s: TCP connects, then the TLS handshake gets no answer in %2$s ms; "
			  "want a ServerHello, have silence"),
		       NULL);
		return;
	case CW_OUT_TLS_ALERT:
		say_at(j, f,
		       N_("%1$s: TLS handshake, ended after %2$s ms; want it completed, have the "
			  "alert %3$s"),
		       *alert ? alert : "?");
		return;
	case CW_OUT_OTHER_PROTOCOL:
		say_at(j, f,
		       N_("%1$s: TLS handshake, after %2$s ms something else answers; want a "
			  "ServerHello, have %3$s"),
		       first_of(fact_text(f, FIELD_GUESS), fact_text(f, FIELD_GOT)));
		return;
	case CW_OUT_MALFORMED:
		say_at(j, f,
		       N_("%1$s: TLS handshake, after %2$s ms an answer that contradicts itself; "
			  "want a ServerHello, have bytes that cannot be read as one"),
		       NULL);
		return;
	default:
		say_cut(j, f);
	}
}

struct cw_text schemes_text(struct cw_arena *a, const struct fact *f)
{
	struct fact_list list = fact_list_of(f, FIELD_SCHEMES);
	const char *text = list.count ? list.item[0] : NULL;
	for (size_t i = 1; i < list.count; i++)
		text = cw_arena_fmt(a, "%s, %s", text, list.item[i]);
	return text ? CW_TEXT("%s", text) : CW_TEXT(N_("no scheme named"), NULL);
}

bool takes_machine_login(const struct fact *f)
{
	struct fact_list list = fact_list_of(f, FIELD_SCHEMES);
	for (size_t i = 0; i < list.count; i++)
		if (!strncasecmp(list.item[i], "Negotiate", 9) ||
		    !strncasecmp(list.item[i], "NTLM", 4))
			return true;
	return false;
}

static const struct cw_text *kept(struct cw_arena *a, struct cw_text t)
{
	return cw_arena_copy(a, &t, sizeof(t));
}

static const char *status_text(struct cw_arena *a, const struct fact *f)
{
	const char *agent = fact_text(f, FIELD_AGENT);
	long long status = fact_number(f, FIELD_STATUS, 0);
	return *agent ? cw_arena_fmt(a, "%lld (%s)", status, agent)
		      : cw_arena_fmt(a, "%lld", status);
}

static const char *proxy_name(const struct judge *j, const struct fact *f)
{
	const struct remote_view *v = remote_view_of(j);
	const char *url = fact_text(f, FIELD_URL);
	if (*url || v->proxy)
		return *url ? url : v->proxy->subject;
	/* One that nobody set. */
	return *fact_text(f, FIELD_AGENT) ? fact_text(f, FIELD_AGENT) : "proxy";
}

void say_proxy(struct judge *j, const struct fact *f)
{
	struct cw_arena *a = judge_arena(j);
	const char *proxy = proxy_name(j, f), *method = fact_text(f, FIELD_METHOD);
	struct cw_text t;
	if (!*method)
		method = strstr(f->subject, "://") ? "GET" : "CONNECT";
	if (f->outcome == CW_OUT_HTTP_STATUS && fact_number(f, FIELD_STATUS, 0) == 407) {
		t = CW_TEXT(N_("%1$s: %2$s %3$s without a login -> 407, %4$s ms; want 200, have "
			       "the proxy ask for a login (%5$s)"),
			    proxy, method, f->subject, ms_text(a, f->took_ms));
		t.inner[0] = kept(a, schemes_text(a, f));
	} else if (f->outcome == CW_OUT_HTTP_STATUS) {
		t = CW_TEXT(N_("%1$s: %2$s %3$s -> %5$s, %4$s ms; want 200"), proxy, method,
			    f->subject, ms_text(a, f->took_ms), status_text(a, f));
	} else {
		t = CW_TEXT(N_("%1$s: %2$s %3$s, %4$s ms: %5$s; want 200, have no answer that can "
			       "be used"),
			    proxy, method, f->subject, ms_text(a, f->took_ms));
		t.inner[0] = kept(a, CW_TEXT(cw_outcome_text(f->outcome), NULL));
	}
	judge_evidence(j, f, t);
}

bool say_dead_proxy(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	if (!remote_proxy_is_dead(v))
		return false;
	for (size_t i = 0; i < v->proxy_connects.count; i++)
		say_dead_peer(j, v->proxy_connects.item[i]);
	for (size_t i = 0; !v->proxy_connects.count && i < v->proxy_lookups.count; i++)
		say_lookup(j, v->proxy_lookups.item[i]);
	judge_title(j, CW_TEXT(N_("The proxy %s cannot be reached"), v->proxy->subject));
	judge_fix(
		j,
		CW_TEXT(N_("Correct the proxy that is set, or take it away where there is none:")),
		"netsh winhttp show proxy\nnetsh winhttp reset proxy");
	return true;
}

void say_cert_fault(struct judge *j, const struct fact *f)
{
	struct cw_arena *a = judge_arena(j);
	const char *code = fact_text(f, FIELD_CODE), *detail = fact_text(f, FIELD_DETAIL),
		   *subject = fact_text(f, FIELD_CERT_SUBJECT), *peer = peer_text(a, f);
	if (!*detail)
		detail = fact_text(f, FIELD_WHY);
	if (!*subject)
		subject = "?";
	judge_evidence(j, f,
		       *code ? CW_TEXT(N_("%1$s: certificate %2$s: %3$s (%4$s)"), peer, subject,
				       detail, code)
			     : CW_TEXT(N_("%1$s: certificate %2$s: %3$s"), peer, subject, detail));
}

const struct fact *say_faults(struct judge *j, const struct remote_peer *p,
			      enum remote_fault meaning)
{
	const struct fact *first = NULL;
	for (size_t i = 0; i < p->faults.count; i++) {
		const struct fact *f = p->faults.item[i];
		if (remote_fault_of(f) != meaning)
			continue;
		say_cert_fault(j, f);
		if (!first)
			first = f;
	}
	return first;
}

/* "CRL of CN=vpn.contoso.com"; who asked for it, when it was not by our own connection. */
static const char *source_name(struct cw_arena *a, const struct fact *f)
{
	if (route_is(f, "proxy"))
		return cw_arena_fmt(a, "%s [proxy]", f->subject);
	if (route_is(f, "proxy-user"))
		return cw_arena_fmt(a, "%s [proxy, login]", f->subject);
	return f->subject;
}

static const struct cw_text *source_kind(struct cw_arena *a, const struct fact *f)
{
	const char *cert = fact_text(f, FIELD_CERT_SUBJECT);
	bool ocsp =
		fact_is(f, FIELD_SOURCE_TYPE, "ocsp") || fact_is(f, FIELD_SOURCE_TYPE, "staple");
	if (f->kind == FACT_AIA)
		return kept(a, CW_TEXT(N_("issuer's certificate"), NULL));
	if (!*cert)
		return kept(a, CW_TEXT(ocsp ? "OCSP" : "CRL", NULL));
	if (ocsp)
		return kept(a, CW_TEXT(N_("OCSP status of %s"), cert));
	return kept(a, CW_TEXT(fact_is(f, FIELD_SOURCE_TYPE, "delta") ? N_("delta CRL for %s")
								      : N_("CRL for %s"),
			       cert));
}

/* %1$s source, %2$s ms, %3$s extra; behind them the kind, then inner. */
static struct cw_text source_text(struct judge *j, const struct fact *f, const char *msgid,
				  const char *extra, const struct cw_text *inner)
{
	struct cw_arena *a = judge_arena(j);
	struct cw_text t = CW_TEXT(msgid, source_name(a, f), ms_text(a, f->took_ms), extra);
	t.inner[0] = source_kind(a, f);
	t.inner[1] = inner;
	return t;
}

static struct cw_text bad_source_text(struct judge *j, const struct fact *f)
{
	const char *until = fact_text(f, FIELD_NEXT_UPDATE), *content = fact_text(f, FIELD_CONTENT);
	if (f->outcome == CW_OUT_STALE)
		return source_text(j, f,
				   N_("%1$s (%4$s), %2$s ms: want one that is valid now, have one "
				      "that is valid until %3$s"),
				   *until ? until : "?", NULL);
	if (f->outcome == CW_OUT_UNTRUSTED)
		return source_text(j, f,
				   N_("%1$s (%3$s), %2$s ms: want it signed by the issuer of the "
				      "certificate, have another issuer or a signature that is not "
				      "good"),
				   NULL, NULL);
	return source_text(j, f, N_("%1$s (%4$s), %2$s ms: want it in DER form, have %3$s"),
			   *content ? content : "?", NULL);
}

static struct cw_text failed_source_text(struct judge *j, const struct fact *f)
{
	struct cw_arena *a = judge_arena(j);
	switch (remote_source_of(f)) {
	case REMOTE_SOURCE_REVOKED:
		return source_text(j, f,
				   N_("%1$s (%3$s), %2$s ms: want the certificate not in it, have "
				      "it revoked"),
				   NULL, NULL);
	case REMOTE_SOURCE_LOGIN:
		return source_text(j, f,
				   N_("%1$s (%3$s) -> 407 after %2$s ms: want it without a login, "
				      "have the proxy ask for one (%4$s)"),
				   NULL, kept(a, schemes_text(a, f)));
	case REMOTE_SOURCE_RESPONDER:
		return source_text(j, f,
				   N_("%1$s (%4$s), %2$s ms: want a status, have the responder "
				      "decline with %3$s"),
				   fact_text(f, FIELD_WHY), NULL);
	case REMOTE_SOURCE_STATUS:
	case REMOTE_SOURCE_OWN_STATUS:
		return source_text(j, f, N_("%1$s (%4$s): want 200, after %2$s ms have %3$s"),
				   status_text(a, f), NULL);
	case REMOTE_SOURCE_BAD:
	case REMOTE_SOURCE_HTML:
		return bad_source_text(j, f);
	default:
		return source_text(j, f,
				   N_("%1$s (%3$s): want an answer, after %2$s ms have none: %4$s"),
				   NULL, kept(a, CW_TEXT(cw_outcome_text(f->outcome), NULL)));
	}
}

void say_source(struct judge *j, const struct fact *f)
{
	judge_evidence(j, f, failed_source_text(j, f));
}

void say_fine_source(struct judge *j, const struct fact *f)
{
	struct cw_arena *a = judge_arena(j);
	const char *name = source_name(a, f), *ms = ms_text(a, f->took_ms);
	judge_support(j, f,
		      route_is(f, "direct")
			      ? CW_TEXT(N_("%1$s: fine after %2$s ms, without the proxy"), name, ms)
			      : CW_TEXT(N_("%1$s: fine after %2$s ms"), name, ms));
}

static bool is_reply(const struct fact *f)
{
	return f->outcome == CW_OUT_OK || f->outcome == CW_OUT_HTTP_STATUS;
}

void say_http(struct judge *j, const struct fact *f)
{
	struct cw_arena *a = judge_arena(j);
	const char *where = fact_text(f, FIELD_LOCATION), *name = source_name(a, f),
		   *ms = ms_text(a, f->took_ms);
	struct cw_text t;
	if (*where && is_reply(f))
		t = CW_TEXT(N_("%1$s: want an answer of the service, after %2$s ms have %3$s, "
			       "which leads to %4$s"),
			    name, ms, status_text(a, f), where);
	else if (f->outcome == CW_OUT_HTTP_STATUS)
		t = CW_TEXT(N_("%1$s: want an answer of the service, after %2$s ms have %3$s"),
			    name, ms, status_text(a, f));
	else if (fact_is(f, FIELD_CONTENT, "html"))
		t = CW_TEXT(N_("%1$s: want an answer of the service, after %2$s ms have a page "
			       "for people (HTML)"),
			    name, ms);
	else {
		t = CW_TEXT(N_("%1$s: want an answer, after %2$s ms have none: %3$s"), name, ms);
		t.inner[0] = kept(a, CW_TEXT(cw_outcome_text(f->outcome), NULL));
	}
	judge_evidence(j, f, t);
}

static struct cw_text span_text(struct cw_arena *a, int64_t seconds)
{
	int64_t s = seconds < 0 ? -seconds : seconds;
	if (s >= (int64_t)2 * 24 * 3600)
		return CW_TEXT(N_("%s days"), number_text(a, s / (24 * 3600)));
	if (s >= (int64_t)2 * 3600)
		return CW_TEXT(N_("%s hours"), number_text(a, s / 3600));
	if (s >= 120)
		return CW_TEXT(N_("%s minutes"), number_text(a, s / 60));
	return CW_TEXT(N_("%s seconds"), number_text(a, s));
}

void say_clock(struct judge *j, const struct fact *f)
{
	struct cw_arena *a = judge_arena(j);
	int64_t skew = fact_number(f, FIELD_SKEW_S, 0);
	struct cw_text t =
		CW_TEXT(skew < 0 ? N_("%1$s: want its clock and ours to agree, have ours %2$s "
				      "ahead of it")
				 : N_("%1$s: want its clock and ours to agree, have ours %2$s "
				      "behind it"),
			f->subject);
	t.inner[0] = kept(a, span_text(a, skew));
	judge_evidence(j, f, t);
}

void url_list_add(struct cw_arena *a, struct url_list *l, const char *url)
{
	for (size_t i = 0; i < l->count; i++)
		if (!strcmp(l->url[i], url))
			return;
	if (l->count == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		const char **grown = cw_arena_array_of(a, const char *, cap);
		if (l->count)
			memcpy(grown, l->url, l->count * sizeof(*grown));
		l->url = grown;
		l->cap = cap;
	}
	l->url[l->count++] = url;
}

bool url_is_plain(const char *url)
{
	if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
		return false;
	for (; *url; url++) {
		char c = *url;
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!letter && !(c >= '0' && c <= '9') && !strchr("-._~:/%+=,@?()[]", c))
			return false;
	}
	return true;
}

/* The URL as a regular expression that matches it alone. */
static const char *url_regex(struct cw_arena *a, const char *url)
{
	char *out = cw_arena_alloc(a, strlen(url) * 2 + 3), *to = out;
	*to++ = '^';
	for (; *url; url++) {
		if (strchr(".+?()[]", *url))
			*to++ = '\\';
		*to++ = *url;
	}
	*to++ = '$';
	return out;
}

/* Through a tunnel a proxy sees host and port of an https URL, not its path. */
static const char *https_host(struct cw_arena *a, const char *url)
{
	if (strncasecmp(url, "https://", 8) != 0)
		return NULL;
	url += 8;
	return *url == '[' ? NULL : cw_arena_strn(a, url, strcspn(url, ":/?"));
}

static const char *squid_rules(struct cw_arena *a, const struct url_list *l)
{
	const char *hosts = "", *urls = "", *allow = "";
	for (size_t i = 0; i < l->count; i++) {
		const char *host = https_host(a, l->url[i]);
		if (!url_is_plain(l->url[i]))
			continue;
		if (host)
			hosts = cw_arena_fmt(a, "%sacl clearway_hosts dstdomain %s\n", hosts, host);
		else
			urls = cw_arena_fmt(a, "%sacl clearway_urls url_regex -i %s\n", urls,
					    url_regex(a, l->url[i]));
	}
	if (*urls)
		allow = "http_access allow clearway_urls";
	if (*hosts)
		allow = cw_arena_fmt(a, "%s%shttp_access allow CONNECT clearway_hosts", allow,
				     *allow ? "\n" : "");
	return *allow ? cw_arena_fmt(a, "%s%s%s", urls, hosts, allow) : NULL;
}

static const char *url_lines(struct cw_arena *a, const struct url_list *l)
{
	const char *text = NULL;
	for (size_t i = 0; i < l->count; i++)
		if (url_is_plain(l->url[i]))
			text = cw_arena_fmt(a, "%s%s%s", text ? text : "", text ? "\n" : "",
					    l->url[i]);
	return text;
}

/* Two of the article's URLs lack a slash as they are printed. */
static bool has_printed_slip(const struct url_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcasestr(l->url[i], "/productsMicrosoft"))
			return true;
	return false;
}

void fix_exempt(struct judge *j, const struct url_list *l)
{
	struct cw_arena *a = judge_arena(j);
	judge_fix(j, CW_TEXT(N_("Let these through the proxy without a login, for every client:")),
		  url_lines(a, l));
	if (has_printed_slip(l))
		judge_fix(j,
			  CW_TEXT(N_("KB 816897 prints two of these without a slash behind "
				     "\"products\". Exempt both spellings: a rule with the printed "
				     "one alone lets nothing through that exists.")),
			  NULL);
	judge_fix(
		j,
		CW_TEXT(N_("With Squid, in squid.conf, above the first http_access line that asks "
			   "for a login (proxy_auth):")),
		squid_rules(a, l));
}

void fix_clock(struct judge *j)
{
	judge_fix(
		j,
		CW_TEXT(N_("Look at the date, the time and the time zone of this machine, and set "
			   "them by its time source, as an administrator:")),
		"w32tm /query /status\nw32tm /resync /force");
}

bool fix_declining_source(struct judge *j, const struct fact *f)
{
	enum remote_source meaning = f ? remote_source_of(f) : REMOTE_SOURCE_FINE;
	if (meaning != REMOTE_SOURCE_RESPONDER && meaning != REMOTE_SOURCE_OWN_STATUS)
		return false;
	judge_fix(j,
		  CW_TEXT(N_("The server is reached and declines: repair it, or ask whoever runs "
			     "it, and see that no filter answers in its place: %s"),
			  f->subject),
		  NULL);
	return true;
}

void fix_fetch(struct judge *j, const char *url)
{
	judge_fix(j, CW_TEXT(N_("Fetch it as Windows does, on the client:")),
		  url_is_plain(url) && !strchr(url, '(')
			  ? cw_arena_fmt(judge_arena(j),
					 "Invoke-WebRequest -UseBasicParsing -Uri '%s' -OutFile "
					 "list.crl\ncertutil -dump list.crl",
					 url)
			  : NULL);
}

static bool fails_so(const struct source_faults *x, const struct fact *f)
{
	const struct remote_view *v = remote_view_of(x->j);
	enum remote_source meaning = remote_source_of(f);
	if (meaning != REMOTE_SOURCE_LOGIN && remote_is_article_list(v, f->subject))
		return false;
	/* That the proxy is dead is one fault, not one for each source. */
	if (route_is(f, "proxy") && remote_proxy_is_dead(v))
		return false;
	return meaning != REMOTE_SOURCE_FINE && (x->meanings >> meaning & 1) &&
	       remote_source_counts(v, f);
}

static void add_sources(struct source_faults *x, const struct remote_check *c, bool warnings)
{
	struct cw_arena *a = judge_arena(x->j);
	for (size_t i = 0; i < c->sources.count; i++) {
		const struct fact *f = c->sources.item[i];
		bool warning =
			c->status == REMOTE_STATUS_GOOD || fact_is(f, FIELD_SOURCE_TYPE, "delta");
		if (!fails_so(x, f) || warning != warnings)
			continue;
		if (!x->first)
			x->first = f;
		say_source(x->j, f);
		if (strstr(f->subject, "://"))
			url_list_add(a, &x->urls, f->subject);
		name_row_add(&x->names, f->subject);
	}
}

bool gather_sources(struct source_faults *x)
{
	const struct remote_view *v = remote_view_of(x->j);
	for (int warnings = 0; warnings < (x->causes_only ? 1 : 2) && !x->first; warnings++) {
		x->warning = warnings;
		for (size_t i = 0; i < v->check_count; i++)
			if (v->check[i].status != REMOTE_STATUS_REVOKED)
				add_sources(x, &v->check[i], warnings);
	}
	if (x->first && x->warning)
		judge_as_warning(x->j);
	return x->first != NULL;
}

const char *remote_command(const struct fact_store *facts, const char *otherwise,
			   const char *option)
{
	const struct fact *f = fact_first(facts, FACT_RUN_COMMAND);
	const char *command = f ? f->subject : otherwise;
	struct cw_arena *a = fact_store_arena(facts);
	if (!option || strstr(command, cw_arena_strn(a, option, strcspn(option, " "))))
		return command;
	return cw_arena_fmt(a, "%s %s", command, option);
}

static bool ended_as(const struct fact_store *facts, enum cw_outcome outcome)
{
	for (size_t i = 0; i < fact_count(facts); i++)
		if (fact_at(facts, i)->outcome == outcome)
			return true;
	return false;
}

static struct cw_text not_tested_line(const struct fact_store *facts, const struct not_tested *n,
				      const char *command)
{
	bool ours = ended_as(facts, CW_OUT_NO_ROUTE) || ended_as(facts, CW_OUT_DENIED) ||
		    ended_as(facts, CW_OUT_LOCAL);
	struct cw_text t;
	if (ended_as(facts, CW_OUT_CANCELLED))
		t = CW_TEXT(N_("Could not be determined: %2$s: %3$s. Try with more time: %1$s"),
			    remote_command(facts, command, "--timeout 60"));
	else if (ours)
		t = CW_TEXT(N_("Could not be determined: %2$s: %3$s. Try in the client's network: "
			       "%1$s"),
			    remote_command(facts, command, NULL));
	else
		t = CW_TEXT(N_("Could not be determined: %2$s: %3$s. Try: %1$s"),
			    remote_command(facts, command, "-v"));
	t.inner[0] = &n->what;
	t.inner[1] = &n->why;
	return t;
}

struct cw_text remote_undetermined(const struct fact_store *facts, const char *command,
				   struct cw_text nothing_shown)
{
	for (const struct not_tested *n = fact_first_not_tested(facts); n; n = n->next)
		if (n->hides_cause)
			return not_tested_line(facts, n, command);
	if (ended_as(facts, CW_OUT_CANCELLED))
		return CW_TEXT(
			N_("Could not be determined: the time was over before an answer came. Try "
			   "with more time: %s"),
			remote_command(facts, command, "--timeout 60"));
	return nothing_shown;
}
