#include <string.h>

#include "cert/crl.h"
#include "cert/der.h"

enum { DER_BOOLEAN = 0x01, DER_OCTETS = 0x04, DER_OID = 0x06, DER_ENUMERATED = 0x0a };

struct cert_bytes cert_serial(const struct cert *c)
{
	struct cw_rd r = cw_rd_of(c->der.at, c->der.len);
	struct der certificate = der_want(&r, DER_SEQUENCE);
	struct der tbs = der_want(&certificate.body, DER_SEQUENCE);
	if (der_is(&tbs.body, DER_CONTEXT_0))
		(void)der_next(&tbs.body);
	struct der serial = der_want(&tbs.body, DER_INTEGER);
	return (struct cert_bytes){ serial.body.p, serial.body.left };
}

/* Without the leading zeros that DER would not have. */
static struct cert_bytes trimmed(struct cert_bytes n)
{
	while (n.len > 1 && !n.at[0] && !(n.at[1] & 0x80)) {
		n.at++;
		n.len--;
	}
	return n;
}

static bool same_number(struct cert_bytes a, struct cert_bytes b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

int crl_number_compare(struct cert_bytes a, struct cert_bytes b)
{
	for (; a.len && !*a.at; a.len--)
		a.at++;
	for (; b.len && !*b.at; b.len--)
		b.at++;
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	int order = a.len ? memcmp(a.at, b.at, a.len) : 0;
	return (order > 0) - (order < 0);
}

static bool oid_is(const struct der *oid, const char *last_three)
{
	return oid->body.left == 3 && memcmp(oid->body.p, last_three, 3) == 0;
}

/* One entry extension (RFC 5280 5.3). False: it cannot be read, or is critical and not ours. */
static bool read_entry_extension(struct cw_rd *r, struct crl_entry *entry)
{
	struct der ext = der_want(r, DER_SEQUENCE);
	struct der oid = der_want(&ext.body, DER_OID);
	bool critical = der_is(&ext.body, DER_BOOLEAN);
	if (critical) {
		struct der flag = der_next(&ext.body);
		critical = cw_rd_u8(&flag.body) != 0;
	}
	struct der value = der_want(&ext.body, DER_OCTETS);
	if (r->bad || !cw_rd_ended(&ext.body))
		return false;
	if (oid_is(&oid, "\x55\x1d\x15")) { /* reasonCode */
		struct der reason = der_want(&value.body, DER_ENUMERATED);
		entry->reason = cw_rd_u8(&reason.body);
		return !reason.body.bad;
	}
	/* holdInstructionCode and invalidityDate do not change the answer. */
	return !critical || oid_is(&oid, "\x55\x1d\x17") || oid_is(&oid, "\x55\x1d\x18");
}

static bool read_entry_extensions(struct cw_rd *entry_body, struct crl_entry *entry)
{
	struct der exts = der_want(entry_body, DER_SEQUENCE);
	while (exts.body.left && !exts.body.bad) {
		if (!read_entry_extension(&exts.body, entry))
			return false;
	}
	return cw_rd_ended(&exts.body) && cw_rd_ended(entry_body);
}

/* Every entry is looked at, also behind the one wanted: a critical extension anywhere forbids the
 * whole list (RFC 5280 5.3). */
enum crl_lookup crl_find(const struct crl *crl, struct cert_bytes serial, struct crl_entry *out)
{
	struct cw_rd r = cw_rd_of(crl->entries.at, crl->entries.len);
	enum crl_lookup found = CRL_ABSENT;
	serial = trimmed(serial);
	while (r.left) {
		struct der item = der_want(&r, DER_SEQUENCE);
		struct der number = der_want(&item.body, DER_INTEGER);
		struct der when = der_next(&item.body);
		struct crl_entry entry = { .reason = -1 };
		if (r.bad || item.body.bad || !number.body.left ||
		    !der_time(when.tag, when.body.p, when.body.left, &entry.revoked_s))
			return CRL_BROKEN;
		if (item.body.left && !read_entry_extensions(&item.body, &entry))
			return CRL_BROKEN;
		struct cert_bytes n =
			trimmed((struct cert_bytes){ number.body.p, number.body.left });
		if (same_number(n, serial)) {
			*out = entry;
			found = CRL_LISTED;
		}
	}
	return found;
}

const char *crl_reason_name(int reason)
{
	static const char *const names[] = {
		"unspecified",   "keyCompromise",        "cACompromise",    "affiliationChanged",
		"superseded",    "cessationOfOperation", "certificateHold", "unspecified",
		"removeFromCRL", "privilegeWithdrawn",   "aACompromise"
	};
	if (reason < 0 || reason >= (int)(sizeof(names) / sizeof(*names)))
		return names[0];
	return names[reason];
}
