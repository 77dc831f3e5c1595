/* What handshakes and certificates say, for both families. */
#include <string.h>
#include <strings.h>

#include "rule/remote.h"

/* What other shapes show explains a failure, it does not undo it. */
const struct fact *peer_handshake(const struct remote_target *t, const struct remote_peer *p)
{
	for (size_t i = 0; i < p->handshakes.count; i++)
		if (fact_is(p->handshakes.item[i], FIELD_SNI, t->host))
			return p->handshakes.item[i];
	return p->handshakes.count ? p->handshakes.item[0] : NULL;
}

bool peer_speaks_tls(const struct remote_peer *p)
{
	for (size_t i = 0; i < p->handshakes.count; i++)
		if (p->handshakes.item[i]->outcome == CW_OUT_OK)
			return true;
	for (size_t i = 0; i < p->versions.count; i++)
		if (p->versions.item[i]->outcome == CW_OUT_OK)
			return true;
	return false;
}

bool peer_connect_failed(const struct remote_peer *p)
{
	return p->connect && remote_is_failure(p->connect->outcome);
}

static bool is_cut(const struct fact *f)
{
	return f->outcome == CW_OUT_CLOSED || f->outcome == CW_OUT_RESET;
}

bool peer_cuts_before_hello(const struct remote_peer *p)
{
	for (size_t i = 0; i < p->handshakes.count; i++)
		if (!is_cut(p->handshakes.item[i]) || fact_flag(p->handshakes.item[i], FIELD_HELLO))
			return false;
	/* An alert to some version is a server that has a certificate. */
	for (size_t i = 0; i < p->versions.count; i++)
		if (remote_is_failure(p->versions.item[i]->outcome) && !is_cut(p->versions.item[i]))
			return false;
	return p->handshakes.count > 0 && !peer_speaks_tls(p);
}

/* TLS 1.3 refuses a client without certificate only behind the handshake (RFC 8446 4.4.2.4). */
static bool ends_without_cert(const struct fact *f)
{
	return is_cut(f) || f->outcome == CW_OUT_TLS_ALERT ||
	       (f->outcome == CW_OUT_HTTP_STATUS && fact_number(f, FIELD_STATUS, 0) == 403);
}

const struct fact *peer_wants_client_cert(const struct remote_peer *p)
{
	for (size_t i = 0; i < p->handshakes.count; i++) {
		const struct fact *f = p->handshakes.item[i];
		if (!fact_flag(f, FIELD_CLIENT_CERT))
			continue;
		if (f->outcome != CW_OUT_OK)
			return ends_without_cert(f) ? f : NULL;
		for (size_t k = 0; k < p->answers.count; k++)
			if (ends_without_cert(p->answers.item[k]))
				return f;
	}
	return NULL;
}

/* "TLS 1.2", "TLSv1.2", "TLSv1"; 0 when it cannot be read. */
static int minor_of(const char *version)
{
	const char *one = strchr(version, '1');
	if (strncasecmp(version, "SSL", 3) == 0)
		return -1;
	if (!one)
		return 99;
	return one[1] == '.' && one[2] >= '0' && one[2] <= '9' ? one[2] - '0' : 0;
}

static bool is_old(const struct fact *f)
{
	return minor_of(fact_text(f, FIELD_VERSION)) < 2;
}

const struct fact *peer_is_old_tls(const struct remote_target *t, const struct remote_peer *p)
{
	const struct fact *old = NULL, *main = peer_handshake(t, p);
	bool newer_tried = false;
	for (size_t i = 0; i < p->versions.count; i++) {
		const struct fact *f = p->versions.item[i];
		if (!is_old(f)) {
			if (f->outcome == CW_OUT_OK)
				return NULL;
			newer_tried |= remote_is_failure(f->outcome);
		} else if (f->outcome == CW_OUT_OK && !old) {
			old = f;
		}
	}
	if (main && main->outcome == CW_OUT_OK && *fact_text(main, FIELD_VERSION))
		return is_old(main) ? main : NULL;
	return newer_tried ? old : NULL;
}

/* clang-format off */
static const struct fault_name {
	const char *why;
	enum remote_fault fault;
	bool note; /* Windows takes it */
} fault_names[] = {
	{ "signature", REMOTE_FAULT_OTHER, false },
	{ "chain-incomplete", REMOTE_FAULT_INCOMPLETE, false },
	{ "chain-unfinished", REMOTE_FAULT_OPEN, false },
	{ "root-untrusted", REMOTE_FAULT_UNTRUSTED, false },
	{ "revoked", REMOTE_FAULT_REVOKED, false },
	{ "expired", REMOTE_FAULT_VALIDITY, false },
	{ "not-yet-valid", REMOTE_FAULT_VALIDITY, false },
	{ "ca-expired", REMOTE_FAULT_VALIDITY, false },
	{ "ca-not-yet-valid", REMOTE_FAULT_VALIDITY, false },
	{ "root-expired", REMOTE_FAULT_VALIDITY, false },
	{ "root-not-yet-valid", REMOTE_FAULT_VALIDITY, false },
	{ "eku", REMOTE_FAULT_EKU, false },
	{ "ca-eku", REMOTE_FAULT_EKU, false },
	{ "not-a-ca", REMOTE_FAULT_OTHER, false },
	{ "path-length", REMOTE_FAULT_OTHER, false },
	{ "no-cert-sign", REMOTE_FAULT_OTHER, false },
	{ "name-constraints", REMOTE_FAULT_OTHER, false },
	{ "critical-extension", REMOTE_FAULT_OTHER, false },
	{ "malformed", REMOTE_FAULT_OTHER, false },
	{ "weak-hash", REMOTE_FAULT_WEAK, false },
	{ "weak-key", REMOTE_FAULT_WEAK, false },
	{ "name", REMOTE_FAULT_NAME, false },
	{ "no-revocation-source", REMOTE_FAULT_NO_SOURCE, false },
	{ "revocation-ldap-only", REMOTE_FAULT_LDAP_SOURCE, false },
	{ "ldap-only", REMOTE_FAULT_LDAP_SOURCE, false },
	{ "sent-incomplete", REMOTE_FAULT_INCOMPLETE, true },
	{ "expires-soon", REMOTE_FAULT_SOON, true },
	{ "name-strict", REMOTE_FAULT_NAME, true },
	{ "sha1", REMOTE_FAULT_WEAK, true },
	{ "short-key", REMOTE_FAULT_WEAK, true },
};
/* clang-format on */

static const struct fault_name *fault_name_of(const struct fact *f)
{
	const char *why = fact_text(f, FIELD_WHY);
	for (size_t i = 0; i < sizeof(fault_names) / sizeof(*fault_names); i++)
		if (!strcmp(why, fault_names[i].why))
			return &fault_names[i];
	return NULL;
}

/* What a list or responder says has a fact of its own (cert.revocation), which knows the route. */
enum remote_fault remote_fault_of(const struct fact *f)
{
	const struct fault_name *n = fault_name_of(f);
	return n ? n->fault : REMOTE_FAULT_NONE;
}

bool remote_is_note(const struct fact *f)
{
	const struct fault_name *n = fault_name_of(f);
	return fact_flag(f, FIELD_STRICT) || !n || n->note;
}

const struct fact *remote_cert_of(const struct remote_view *v, const struct fact *fault)
{
	FACT_EACH_OF (v->facts, FACT_CERT, f)
		if (fact_is(fault, FIELD_SHA256, f->subject))
			return f;
	return NULL;
}

/* What is shown without the name is for contrast. */
const struct fact *peer_chain(const struct remote_target *t, const struct remote_peer *p)
{
	for (size_t i = 0; i < p->chains.count; i++)
		if (fact_is(p->chains.item[i], FIELD_SNI, t->host))
			return p->chains.item[i];
	return p->chains.count ? p->chains.item[0] : NULL;
}

const struct fact *remote_leaf_of(const struct remote_view *v, const struct remote_target *t,
				  const struct remote_peer *p)
{
	const struct fact *chain = peer_chain(t, p);
	return chain ? remote_cert_of(v, chain) : NULL;
}

/* RFC 3339 UTC times of one form stand in the order of their bytes. */
static bool is_between(const char *from, const char *time, const char *to)
{
	return *from && *time && *to && strcmp(from, time) <= 0 && strcmp(time, to) <= 0;
}

bool remote_valid_by_their_clock(const struct remote_view *v, const struct fact *fault)
{
	const struct fact *cert = remote_cert_of(v, fault);
	return v->clock.off && cert &&
	       is_between(fact_text(cert, FIELD_NOT_BEFORE), v->clock.date,
			  fact_text(cert, FIELD_NOT_AFTER));
}

bool remote_fresh_by_their_clock(const struct remote_view *v, const struct fact *source)
{
	return v->clock.off && source->outcome == CW_OUT_STALE &&
	       is_between(fact_text(source, FIELD_THIS_UPDATE), v->clock.date,
			  fact_text(source, FIELD_NEXT_UPDATE));
}

/* Issuers that such products write by themselves. Only names that no public CA has. */
const char *remote_inspector_of(const char *issuer)
{
	static const char *const words[] = {
		"Zscaler",
		"Netskope",
		"FortiGate",
		"Fortinet",
		"Palo Alto Networks",
		"PAN-OS",
		"Blue Coat",
		"BlueCoat",
		"ProxySG",
		"Cisco Umbrella",
		"Check Point",
		"Forcepoint",
		"Websense",
		"Sophos",
		"WatchGuard",
		"Barracuda",
		"SonicWall",
		"McAfee Web Gateway",
		"Skyhigh",
		"Cato Networks",
		"iboss",
		"Smoothwall",
		"Lightspeed Systems",
		"Securly",
		"Menlo Security",
		"Untangle",
		"mitmproxy",
		"Fiddler",
		"Charles Proxy",
		"PortSwigger",
		"Squid",
		"Kaspersky",
		"ESET SSL Filter",
		"Bitdefender",
		"avast! Web",
		"Avast Web/Mail Shield",
		"AVG Web/Mail Shield",
		"NetFilterSDK",
		"i-FILTER",
		"InterSafe",
		"Trend Micro Web",
		"NetSpark",
		"ContentKeeper",
		"Cisco Secure Web",
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcasestr(issuer, words[i]))
			return words[i];
	return NULL;
}

/* Two chains that end in different roots do not come from one server. */
static const struct fact *direct_chain_of_other_root(const struct remote_target *t,
						     const struct fact *chain)
{
	const struct fact *other = NULL;
	const char *root = fact_text(chain, FIELD_ROOT);
	for (size_t i = 0; i < t->peer_count; i++)
		for (size_t k = 0; k < t->peer[i].chains.count; k++) {
			const struct fact *f = t->peer[i].chains.item[k];
			if (!route_is(f, "direct"))
				continue;
			if (fact_is(f, FIELD_SHA256, fact_text(chain, FIELD_SHA256)) ||
			    fact_is(f, FIELD_ROOT, root))
				return NULL;
			other = f;
		}
	return other;
}

static const struct fact *chain_with_inspector(const struct remote_view *v,
					       const struct remote_target *t,
					       const struct remote_peer *p)
{
	const struct fact *chain = peer_chain(t, p), *leaf = remote_leaf_of(v, t, p);
	if (chain && remote_inspector_of(fact_text(chain, FIELD_ROOT)))
		return chain;
	return leaf && remote_inspector_of(fact_text(leaf, FIELD_CERT_ISSUER)) ? leaf : NULL;
}

const struct fact *remote_interception(const struct remote_view *v, const struct remote_target *t,
				       const struct remote_peer *p, const struct fact **direct)
{
	const struct fact *chain = peer_chain(t, p);
	*direct = NULL;
	if (chain && !route_is(chain, "direct"))
		*direct = direct_chain_of_other_root(t, chain);
	return *direct ? chain : chain_with_inspector(v, t, p);
}
