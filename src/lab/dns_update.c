#include "lab/dns_update.h"

#include <string.h>

static bool read_names(const uint8_t *bytes, size_t len, const struct dns_message *m,
		       char key[LIMIT_DNS_NAME_TEXT], char algorithm[LIMIT_DNS_NAME_TEXT])
{
	struct cw_rd r = cw_rd_of(bytes, len);
	if (!cw_rd_take(&r, m->tsig_at) || dns_name_read(&r, bytes, len, key) != CW_OK)
		return false;
	cw_rd_take(&r, 10); /* type, class, TTL, length */
	return dns_name_read(&r, bytes, len, algorithm) == CW_OK;
}

static const struct scenario_key *known_key(const struct scenario *s, const char *name)
{
	const struct scenario_key *k = s->keys;
	while (k && !dns_name_equal(k->name, name))
		k = k->next;
	return k;
}

void dns_signer_find(const struct scenario *s, const uint8_t *bytes, size_t len,
		     const struct dns_message *m, uint64_t time_s, struct dns_signer *out)
{
	char algorithm[LIMIT_DNS_NAME_TEXT];
	*out = (struct dns_signer){ .present = m->has_tsig };
	if (!m->has_tsig || !read_names(bytes, len, m, out->answer_key.name, algorithm))
		return;
	const struct scenario_key *k = known_key(s, out->answer_key.name);
	out->answer_key.algorithm = tsig_algorithm_of(algorithm);
	if (out->answer_key.algorithm == TSIG_NONE)
		out->answer_key.algorithm = TSIG_HMAC_SHA256;
	out->verdict.answer_error = DNS_BADKEY;
	if (!k || tsig_verify(bytes, len, &k->key, time_s, NULL, &out->verdict, &out->mac) != CW_OK)
		return;
	if (out->verdict.answer_error != DNS_BADKEY)
		out->answer_key = k->key;
	out->key = out->verdict.verified ? k : NULL;
}

void dns_signer_sign(const struct dns_signer *signer, uint64_t time_s, struct cw_wr *w)
{
	if (!signer->present)
		return;
	if (signer->verdict.answer_error == DNS_BADTIME)
		(void)tsig_sign_badtime(w, &signer->answer_key, signer->verdict.time_s, time_s,
					&signer->mac);
	else
		(void)tsig_sign(w, &signer->answer_key, time_s, &signer->mac,
				signer->verdict.answer_error, NULL);
}

/* The zone of exactly this name (RFC 2136 3.1.1). */
static struct zone *zone_at(const struct dns_host *h, const char *name)
{
	for (size_t i = 0; i < h->zone_count; i++)
		if (dns_name_equal(zone_name(h->zones[i]), name))
			return h->zones[i];
	return NULL;
}

/* As with secure updates of Active Directory: who created the name owns it, new names are free. */
static bool touches_owned(const struct zone *z, const struct dns_message *m)
{
	for (size_t i = 0; i < m->rr_count; i++) {
		const struct zone_node *n = zone_node(z, m->rr[i].owner);
		if (m->rr[i].section == DNS_AUTHORITY && n && n->original)
			return true;
	}
	return false;
}

static enum dns_rcode permission(const struct scenario_server *def, const struct zone *z,
				 const struct dns_message *m, const struct dns_signer *signer)
{
	switch (def->update) {
	case UPDATE_NONE:
		return DNS_REFUSED;
	case UPDATE_NOTIMP:
		return DNS_NOTIMP;
	case UPDATE_NOTAUTH:
		return DNS_NOTAUTH;
	case UPDATE_KEY:
		if (!signer->key || strcmp(signer->key->name, def->update_key))
			return DNS_REFUSED;
		break;
	case UPDATE_ANY:
		break;
	}
	return def->update_owner && touches_owned(z, m) ? DNS_REFUSED : DNS_NOERROR;
}

enum dns_rcode dns_host_update(struct dns_host *h, const struct dns_message *m,
			       const struct dns_signer *signer)
{
	if (h->def->update == UPDATE_NOTIMP)
		return DNS_NOTIMP;
	if (m->question_count != 1 || m->question.type != DNS_SOA ||
	    m->question.class_ != DNS_CLASS_IN)
		return DNS_FORMERR;
	struct zone *z = zone_at(h, m->question.name);
	if (!z)
		return DNS_NOTAUTH;
	enum dns_rcode rc = permission(h->def, z, m, signer);
	return rc == DNS_NOERROR ? zone_update(z, m) : rc;
}
