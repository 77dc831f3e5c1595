#include "rule/kms_say.h"

#include <string.h>
#include <strings.h>

#include "base/addr.h"

const char *server_name(struct cw_arena *a, const char *server)
{
	struct cw_addr addr;
	char text[CW_ADDR_TEXT];
	if (!cw_addr_parse_port(server, 53, &addr) || addr.port != 53)
		return server;
	return cw_arena_str(a, cw_addr_text(&addr, text));
}

const char *answer_word(const struct fact *f)
{
	const char *rcode = fact_text(f, FIELD_RCODE);
	switch (f->outcome) {
	case CW_OUT_OK:
		return "NOERROR";
	case CW_OUT_NAME_MISSING:
		return "NXDOMAIN";
	case CW_OUT_NO_DATA:
		return "NODATA";
	case CW_OUT_REFUSED_BY_SERVER:
		return "REFUSED";
	case CW_OUT_SERVER_FAILURE:
		return "SERVFAIL";
	case CW_OUT_NOT_IMPLEMENTED:
		return "NOTIMP";
	case CW_OUT_FORMAT_ERROR:
		return "FORMERR";
	case CW_OUT_NOT_AUTH:
		return "NOTAUTH";
	case CW_OUT_REFERRAL:
		return "referral";
	default:
		return *rcode ? rcode : cw_outcome_name(f->outcome);
	}
}

const char *ms_text(struct cw_arena *a, cw_ms ms)
{
	return cw_arena_fmt(a, "%lld", (long long)ms);
}

const char *number_text(struct cw_arena *a, int64_t number)
{
	return cw_arena_fmt(a, "%lld", (long long)number);
}

void name_row_add(struct name_row *r, const char *name)
{
	for (size_t i = 0; i < r->count && i < 3; i++)
		if (!strcasecmp(r->shown[i], name))
			return;
	if (r->count < 3)
		r->shown[r->count] = name;
	r->count++;
}

const char *name_row_text(struct cw_arena *a, const struct name_row *r)
{
	const char *text = r->count ? r->shown[0] : "";
	for (size_t i = 1; i < r->count && i < 3; i++)
		text = cw_arena_fmt(a, "%s, %s", text, r->shown[i]);
	return r->count > 3 ? cw_arena_fmt(a, "%s, +%zu", text, r->count - 3) : text;
}

/* "10.0.0.10" or "10.0.0.10 (authoritative)". */
static const struct cw_text *who(struct cw_arena *a, const struct fact *f)
{
	struct cw_text *t = cw_arena_new_of(a, struct cw_text);
	const char *server = server_name(a, fact_text(f, FIELD_SERVER));
	bool authoritative = fact_flag(f, FIELD_AUTHORITATIVE);
	*t = CW_TEXT(authoritative ? N_("%s (authoritative)") : "%s", server);
	return t;
}

void say_answer(struct judge *j, const struct fact *f, const char *type, const char *msgid,
		const char *extra)
{
	struct cw_arena *a = judge_arena(j);
	struct cw_text t =
		CW_TEXT(msgid, f->subject, type, answer_word(f), ms_text(a, f->took_ms), extra);
	t.inner[0] = who(a, f);
	judge_evidence(j, f, t);
}

void say_silence(struct judge *j, const struct fact *f, const char *type, const char *msgid,
		 const char *extra)
{
	struct cw_arena *a = judge_arena(j);
	judge_evidence(j, f,
		       CW_TEXT(msgid, server_name(a, fact_text(f, FIELD_SERVER)), f->subject, type,
			       ms_text(a, f->took_ms), extra));
}

/* "kms01.contoso.com (192.0.2.7:1688)"; the address alone where no name led there. */
static const char *peer_label(struct cw_arena *a, const struct fact *f)
{
	const char *host = fact_text(f, FIELD_HOST);
	struct cw_addr ignored;
	if (!*host || cw_addr_parse(host, &ignored))
		return f->subject;
	return cw_arena_fmt(a, "%s (%s)", host, f->subject);
}

void say_peer(struct judge *j, const struct fact *f, const char *msgid, const char *extra)
{
	struct cw_arena *a = judge_arena(j);
	judge_evidence(j, f, CW_TEXT(msgid, peer_label(a, f), ms_text(a, f->took_ms), extra));
}

void say_live_peer(struct judge *j, const struct fact *bind, const char *msgid)
{
	struct cw_arena *a = judge_arena(j);
	judge_support(j, bind, CW_TEXT(msgid, peer_label(a, bind), ms_text(a, bind->took_ms)));
}

static void say_dead_connect(struct judge *j, const struct fact *f)
{
	const char *icmp = fact_text(f, FIELD_ICMP);
	switch (f->outcome) {
	case CW_OUT_TIMEOUT:
		say_peer(j, f,
			 N_("%1$s: TCP connect, silence for %2$s ms; want a connection, have no "
			    "answer at all"),
			 NULL);
		return;
	case CW_OUT_UNREACHABLE:
		say_peer(j, f,
			 N_("%1$s: TCP connect, after %2$s ms the network says: %3$s; want a "
			    "connection, have none"),
			 *icmp ? icmp : "unreachable");
		return;
	default:
		say_peer(j, f,
			 N_("%1$s: TCP connect, refused after %2$s ms; want a connection, have "
			    "nothing that listens there"),
			 NULL);
	}
}

static const char *first_of(const char *a, const char *b, const char *otherwise)
{
	return *a ? a : *b ? b : otherwise;
}

static void say_dead_bind(struct judge *j, const struct fact *f)
{
	const char *reason = fact_text(f, FIELD_REASON);
	switch (f->outcome) {
	case CW_OUT_TIMEOUT:
		say_peer(j, f,
			 N_("%1$s: TCP connects, then the RPC bind gets no answer in %2$s ms; want "
			    "a bind_ack, have silence"),
			 NULL);
		return;
	case CW_OUT_OTHER_PROTOCOL:
		say_peer(j, f,
			 N_("%1$s: RPC bind, after %2$s ms something else answers; want a "
			    "bind_ack, have %3$s"),
			 first_of(fact_text(f, FIELD_GUESS), fact_text(f, FIELD_GOT), "?"));
		return;
	case CW_OUT_INTERFACE_REFUSED:
		say_peer(j, f,
			 N_("%1$s: RPC bind, after %2$s ms the KMS interface is refused (%3$s); "
			    "want it accepted, have an RPC service without it"),
			 *reason ? reason : "?");
		return;
	case CW_OUT_BIND_REFUSED:
		say_peer(j, f,
			 N_("%1$s: RPC bind, refused after %2$s ms (%3$s); want a bind_ack, have a "
			    "refusal"),
			 *reason ? reason : "?");
		return;
	case CW_OUT_MALFORMED:
		say_peer(j, f,
			 N_("%1$s: RPC bind, after %2$s ms an answer that contradicts itself; want "
			    "a bind_ack, have bytes that cannot be read as one"),
			 NULL);
		return;
	default:
		say_peer(j, f,
			 N_("%1$s: TCP connects, then the peer hangs up after %2$s ms; want a "
			    "bind_ack, have a closed connection"),
			 NULL);
	}
}

void say_dead_peer(struct judge *j, const struct fact *f)
{
	if (f->kind == FACT_TCP_CONNECT)
		say_dead_connect(j, f);
	else
		say_dead_bind(j, f);
}

const char *address_type(const struct fact *lookup)
{
	return fact_is(lookup, FIELD_FAMILY, "ipv6") ? "AAAA" : "A";
}

void say_denied(struct judge *j, const struct fact *lookup)
{
	say_answer(j, lookup, address_type(lookup),
		   N_("%5$s: %1$s %2$s -> %3$s, %4$s ms; want an address, have none"), NULL);
}

bool name_is_plain(const char *name)
{
	if (!*name || *name == '-' || *name == '.')
		return false;
	for (; *name; name++) {
		char c = *name;
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!letter && !(c >= '0' && c <= '9') && !strchr("._-:", c))
			return false;
	}
	return true;
}

/* The SOA serial that the server has for the domain's zone, or NULL. */
const char *serial_at(const struct kms_view *v, const struct kms_domain *d,
		      const struct fact *answer)
{
	if (fact_has(answer, FIELD_SERIAL))
		return number_text(v->arena, fact_number(answer, FIELD_SERIAL, 0));
	FACT_EACH_OF (v->facts, FACT_DNS_SOA, f) {
		if (!fact_has(f, FIELD_SERIAL) || strcasecmp(f->subject, d->name))
			continue;
		if (fact_is(f, FIELD_SERVER, fact_text(answer, FIELD_SERVER)))
			return number_text(v->arena, fact_number(f, FIELD_SERIAL, 0));
	}
	return NULL;
}

/* A target that a record in another place names. */
static const char *target_elsewhere(const struct kms_view *v)
{
	static const enum fact_kind kinds[] = { FACT_DNS_SRV_MISSPELT, FACT_DNS_SRV_ELSEWHERE };
	for (size_t i = 0; i < 2; i++)
		FACT_EACH_OF (v->facts, kinds[i], f) {
			const char *target = fact_text(f, FIELD_TARGET);
			if (f->outcome == CW_OUT_OK && name_is_plain(target) &&
			    strchr(target, '.') && strcmp(target, "."))
				return target;
		}
	return NULL;
}

const char *host_to_publish(const struct kms_view *v, const char *zone, bool *invented)
{
	const struct fact *pinned = fact_first(v->facts, FACT_KMS_PINNED);
	const char *elsewhere = target_elsewhere(v);
	*invented = false;
	if (pinned_answers(v) && pinned && fact_is(pinned, FIELD_FORM, "fqdn"))
		return v->pinned->host;
	if (elsewhere)
		return elsewhere;
	*invented = true;
	return cw_arena_fmt(v->arena, "kms01.%s", zone);
}

/* The owner without its zone, as the Windows console and cmdlets take it. */
static const char *relative_name(struct cw_arena *a, const char *owner, const char *zone)
{
	if (!strcasecmp(owner, zone))
		return "@";
	if (!name_within(owner, zone))
		return owner;
	return cw_arena_strn(a, owner, strlen(owner) - strlen(zone) - 1);
}

/* Dynamic updates go to the zone's primary (RFC 2136 4). */
static const char *update_server(const struct kms_domain *d)
{
	if (name_is_plain(d->mname))
		return d->mname;
	return "PRIMARY-DNS-SERVER";
}

static const char *publish_script(struct cw_arena *a, const struct kms_domain *d, const char *host,
				  int64_t port)
{
	return cw_arena_fmt(a,
			    "# in the zone file:\n"
			    "_vlmcs._tcp.%1$s.  3600  IN  SRV  0 0 %3$lld  %2$s.\n"
			    "\n"
			    "# or by dynamic update:\n"
			    "nsupdate -k KEYFILE <<'EOF'\n"
			    "server %4$s\n"
			    "zone %5$s\n"
			    "update add _vlmcs._tcp.%1$s. 3600 SRV 0 0 %3$lld %2$s.\n"
			    "send\n"
			    "EOF",
			    d->name, host, (long long)port, update_server(d), d->zone);
}

static const char *publish_powershell(struct cw_arena *a, const struct kms_domain *d,
				      const char *host, int64_t port)
{
	const char *owner = cw_arena_fmt(a, "_vlmcs._tcp.%s", d->name);
	return cw_arena_fmt(a,
			    "Add-DnsServerResourceRecord -Srv -ZoneName '%s' -Name '%s' "
			    "-DomainName '%s' -Priority 0 -Weight 0 -Port %lld "
			    "-TimeToLive 01:00:00",
			    d->zone, relative_name(a, owner, d->zone), host, (long long)port);
}

void fix_publish(struct judge *j, const struct kms_domain *d, const char *host, int64_t port,
		 bool invented)
{
	struct cw_arena *a = judge_arena(j);
	bool plain = name_is_plain(d->name) && name_is_plain(d->zone) && name_is_plain(host);
	struct cw_text text =
		invented ? CW_TEXT(N_("If a KMS host exists, publish it in the zone %1$s. Put the "
				      "name of your host in place of %2$s."),
				   d->zone, host)
			 : CW_TEXT(N_("Publish the host %2$s in the zone %1$s."), d->zone, host);
	judge_fix(j, text, plain ? publish_script(a, d, host, port) : NULL);
	judge_fix(j, CW_TEXT(N_("The same on a Windows DNS server, in PowerShell:")),
		  plain ? publish_powershell(a, d, host, port) : NULL);
}

void fix_discover(struct judge *j)
{
	judge_fix(j,
		  CW_TEXT(N_("Let the client find its host by itself, as an administrator on the "
			     "client:")),
		  "slmgr /ckms\nslmgr /ato");
}

void fix_pin(struct judge *j, struct cw_text text, const char *name)
{
	const char *snippet = cw_arena_fmt(judge_arena(j), "slmgr /skms %s\nslmgr /ato", name);
	judge_fix(j, text, name_is_plain(name) ? snippet : NULL);
}

void fix_without_host(struct judge *j)
{
	judge_fix(j,
		  CW_TEXT(N_("If no KMS host exists, set one up, or give this machine a MAK (your "
			     "own key in place of MAK):")),
		  "slmgr /ipk MAK\nslmgr /ato");
}

static const char *remove_script(struct cw_arena *a, const struct fact *record)
{
	const char *target = fact_text(record, FIELD_TARGET);
	if (!name_is_plain(record->subject) || !(name_is_plain(target) || !strcmp(target, ".")))
		return NULL;
	return cw_arena_fmt(a,
			    "nsupdate -k KEYFILE <<'EOF'\n"
			    "update delete %s. SRV %lld %lld %lld %s%s\n"
			    "send\n"
			    "EOF",
			    record->subject, (long long)fact_number(record, FIELD_PRIORITY, 0),
			    (long long)fact_number(record, FIELD_WEIGHT, 0),
			    (long long)fact_number(record, FIELD_PORT, 0), target,
			    strcmp(target, ".") ? "." : "");
}

void fix_remove_record(struct judge *j, struct cw_text text, const struct fact *record)
{
	judge_fix(j, text, remove_script(judge_arena(j), record));
}

void fix_address_record(struct judge *j, struct cw_text text, const char *host, const char *address)
{
	struct cw_addr addr;
	bool v6 = address && cw_addr_parse(address, &addr) && addr.family == CW_IPV6;
	const char *line =
		cw_arena_fmt(judge_arena(j), "%s.  3600  IN  %s  %s", host, v6 ? "AAAA" : "A",
			     address ? address : "ADDRESS-OF-THE-KMS-HOST");
	judge_fix(j, text, name_is_plain(host) ? line : NULL);
}
