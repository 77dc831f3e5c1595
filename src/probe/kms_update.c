/*
 * The update test, after consent: would the zone's primary server take the
 * record of a KMS host from us (RFC 2136)? Nothing that a client reads is
 * changed: what is added stands beside the SRV set, and is removed at once.
 *
 *   SOA of the suffix -> address of its primary
 *     -> existing-noop  the SRV record that is there, once more (no change)
 *     -> existing-add   a TXT record at _vlmcs._tcp; where no SRV is, one with target "."
 *     -> new-name       a TXT record at a name that nobody asks for
 *   each add followed by its cleanup, whatever the answer was: a lost answer may hide a success.
 */
#include "probe/kms_state.h"

#include <string.h>

#include "io/loop.h"

enum update_step { STEP_NOOP, STEP_ADD, STEP_ADD_CLEANUP, STEP_NEW, STEP_NEW_CLEANUP, STEP_END };

struct kms_update {
	const char *suffix, *owner, *new_owner;
	const char *zone, *mname;
	struct cw_addr asked, server; /* where the SOA came from; where updates go */
	const struct fact *record;    /* an SRV record that is there, or NULL */
	enum update_step step;
	struct dns_rr rr; /* of the step under way */
	struct dns_message message;
};

static const char *step_name(enum update_step s)
{
	static const char *const names[] = {
		[STEP_NOOP] = "existing-noop",  [STEP_ADD] = "existing-add",
		[STEP_ADD_CLEANUP] = "cleanup", [STEP_NEW] = "new-name",
		[STEP_NEW_CLEANUP] = "cleanup", [STEP_END] = "",
	};
	return names[s];
}

static struct dns_rr srv_rr(const struct kms_update *u)
{
	struct dns_rr rr = { .owner = u->owner, .type = DNS_SRV, .class_ = DNS_CLASS_IN };
	rr.ttl_s = (uint32_t)fact_number(u->record, FIELD_TTL_S, 3600);
	rr.srv.priority = (uint16_t)fact_number(u->record, FIELD_PRIORITY, 0);
	rr.srv.weight = (uint16_t)fact_number(u->record, FIELD_WEIGHT, 0);
	rr.srv.port = (uint16_t)fact_number(u->record, FIELD_PORT, KMS_PORT);
	rr.srv.target = fact_text(u->record, FIELD_TARGET);
	return rr;
}

static struct dns_rr txt_rr(const char *owner)
{
	struct dns_rr rr = { .owner = owner, .type = DNS_TXT, .class_ = DNS_CLASS_IN, .ttl_s = 1 };
	rr.txt = "clearway update test";
	return rr;
}

/* RFC 2782: target "." says that the service is decidedly not there, which is so. */
static struct dns_rr no_service_rr(const char *owner)
{
	struct dns_rr rr = { .owner = owner, .type = DNS_SRV, .class_ = DNS_CLASS_IN, .ttl_s = 1 };
	rr.srv.target = ".";
	return rr;
}

static struct dns_rr step_rr(const struct kms_update *u, enum update_step step)
{
	switch (step) {
	case STEP_NOOP:
		return srv_rr(u);
	case STEP_ADD:
	case STEP_ADD_CLEANUP:
		return u->record ? txt_rr(u->owner) : no_service_rr(u->owner);
	default:
		return txt_rr(u->new_owner);
	}
}

static bool is_cleanup(enum update_step s)
{
	return s == STEP_ADD_CLEANUP || s == STEP_NEW_CLEANUP;
}

/* RFC 2136 2.3: the zone section; 2.5.1 adds, 2.5.4 deletes one record. */
static void build_message(struct kms_update *u, enum update_step step)
{
	u->rr = step_rr(u, step);
	u->rr.section = DNS_AUTHORITY;
	if (is_cleanup(step)) {
		u->rr.class_ = DNS_CLASS_NONE;
		u->rr.ttl_s = 0;
	}
	u->message = (struct dns_message){
		.opcode = DNS_OPCODE_UPDATE,
		.question = { .name = u->zone, .type = DNS_SOA, .class_ = DNS_CLASS_IN },
		.question_count = 1,
		.rr = &u->rr,
		.rr_count = 1,
	};
}

static const char *rdata_text(struct cw_arena *a, const struct dns_rr *rr)
{
	if (rr->type == DNS_TXT)
		return cw_arena_fmt(a, "TXT \"%s\"", rr->txt);
	return cw_arena_fmt(a, "SRV %u %u %u %s", rr->srv.priority, rr->srv.weight, rr->srv.port,
			    rr->srv.target);
}

static const char *tsig_error_name(uint16_t error, struct cw_arena *a)
{
	char buf[16];
	return error == DNS_TSIG_BADSIG ? "BADSIG" : cw_arena_str(a, dns_rcode_name(error, buf));
}

static void put_update(struct run *run, const struct run_dns *d, const struct dns_answer *answer)
{
	const struct kms_request *req = run_request(run);
	struct kms_update *u = kms_state_of(run)->update;
	struct fact_store *s = run_facts(run);
	struct cw_arena *a = run_arena(run);
	struct run_dns about = *d;
	about.name = u->rr.owner;
	struct fact *f = run_dns_fact(run, &about, FACT_DNS_UPDATE, answer);
	fact_set_text(s, f, FIELD_ZONE, u->zone);
	fact_set_text(s, f, FIELD_SUFFIX, u->suffix);
	fact_set_text(s, f, FIELD_STEP, step_name(u->step));
	fact_set_text(s, f, FIELD_KEY, req->key ? req->key->name : "none");
	fact_set_text(s, f, FIELD_RDATA, rdata_text(a, &u->rr));
	if (req->key && answer->tsig.error)
		fact_set_text(s, f, FIELD_TSIG_ERROR, tsig_error_name(answer->tsig.error, a));
	run_put(run, f);
}

/* How the record can be taken away by hand, when we cannot tell that it is gone. */
static void say_not_removed(struct run *run, const struct kms_update *u)
{
	char server[CW_ADDR_TEXT];
	struct cw_arena *a = run_arena(run);
	const char *what = cw_arena_fmt(a, "%s %s", u->rr.owner, rdata_text(a, &u->rr));
	const char *line = cw_arena_fmt(a, "server %s %u; update delete %s. %s",
					cw_addr_text(&u->server, server), u->server.port,
					u->rr.owner, u->rr.type == DNS_TXT ? "TXT" : "SRV 0 0 0 .");
	fact_not_tested(
		run_facts(run), CW_TEXT(N_("whether the test record %s is gone"), what),
		CW_TEXT(N_("its removal was not confirmed; by hand with nsupdate: %s"), line),
		false);
}

static void next_step(struct run *run, struct kms_update *u);

/* Ctrl-C between an addition and its removal: the removal still leaves, unanswered. */
static void remove_in_passing(struct run *run, struct kms_update *u)
{
	const struct kms_request *req = run_request(run);
	enum update_step cleanup = is_cleanup(u->step) ? u->step : (enum update_step)(u->step + 1);
	build_message(u, cleanup);
	struct dns_ask_spec spec = {
		.server = u->server,
		.message = &u->message,
		.key = req->key,
		.limit_ms = run_probe_limit(run),
	};
	dns_client_fire_and_forget(run_services_of(run)->dns, &spec, run_arena(run));
	say_not_removed(run, u);
}

static void update_answered(struct run *run, const struct run_dns *d,
			    const struct dns_answer *answer)
{
	struct kms_update *u = kms_state_of(run)->update;
	put_update(run, d, answer);
	if (answer->outcome == CW_OUT_CANCELLED) {
		if (u->step != STEP_NOOP)
			remove_in_passing(run, u);
		u->step = STEP_END;
		return;
	}
	if (is_cleanup(u->step) && answer->outcome != CW_OUT_OK)
		say_not_removed(run, u);
	bool added = answer->outcome == CW_OUT_OK || answer->outcome == CW_OUT_TIMEOUT;
	bool skip_cleanup = !added && (u->step == STEP_ADD || u->step == STEP_NEW);
	u->step = (enum update_step)(u->step + (skip_cleanup ? 2 : 1));
	next_step(run, u);
}

static void next_step(struct run *run, struct kms_update *u)
{
	const struct kms_request *req = run_request(run);
	if (u->step == STEP_NOOP && !u->record)
		u->step = STEP_ADD;
	if (u->step == STEP_END)
		return;
	build_message(u, u->step);
	run_send(run, &kms_probe_update, "srv", &u->server, &u->message, req->key, update_answered,
		 NULL);
}

static void put_primary(struct run *run, const struct run_dns *d, const struct dns_answer *answer,
			const struct cw_addr *addr)
{
	char text[CW_ADDR_TEXT];
	struct fact_store *s = run_facts(run);
	struct fact *f = run_dns_fact(run, d, FACT_DNS_ADDRESS, answer);
	const char *item = cw_addr_text(addr, text);
	fact_set_text(s, f, FIELD_HOST, d->name);
	fact_set_text(s, f, FIELD_ORIGIN, "primary");
	fact_set_text(s, f, FIELD_FAMILY, "ipv4");
	fact_set_list(s, f, FIELD_ADDRESSES, addr->family == CW_FAMILY_NONE ? 0 : 1, &item);
	run_put(run, f);
}

/* Updates go to the zone's primary (RFC 2136 4); where it has no address that we can learn, to
 * the server that was asked. */
static void primary_answered(struct run *run, const struct run_dns *d,
			     const struct dns_answer *answer)
{
	struct kms_update *u = kms_state_of(run)->update;
	struct cw_addr addr = { 0 };
	for (size_t i = 0; answer->message && i < answer->message->rr_count; i++) {
		const struct dns_rr *rr = &answer->message->rr[i];
		if (rr->section != DNS_ANSWER || rr->type != DNS_A || rr->bad_rdata)
			continue;
		addr.family = CW_IPV4;
		addr.port = u->asked.port;
		memcpy(addr.bytes, rr->address, 4);
		break;
	}
	put_primary(run, d, answer, &addr);
	if (answer->outcome == CW_OUT_CANCELLED)
		return;
	u->server = addr.family == CW_FAMILY_NONE ? u->asked : addr;
	next_step(run, u);
}

static void soa_answered(struct run *run, const struct run_dns *d, const struct dns_answer *answer)
{
	struct kms_update *u = kms_state_of(run)->update;
	struct fact_store *s = run_facts(run);
	struct fact *f = run_dns_fact(run, d, FACT_DNS_SOA, answer);
	for (size_t i = 0; answer->message && i < answer->message->rr_count && !u->zone; i++) {
		const struct dns_rr *rr = &answer->message->rr[i];
		if (rr->type != DNS_SOA || rr->bad_rdata)
			continue;
		u->zone = rr->owner;
		u->mname = rr->soa.mname;
		fact_set_text(s, f, FIELD_ZONE, rr->owner);
		fact_set_number(s, f, FIELD_SERIAL, rr->soa.serial);
		fact_set_text(s, f, FIELD_MNAME, rr->soa.mname);
	}
	run_put(run, f);
	if (answer->outcome == CW_OUT_CANCELLED)
		return;
	if (u->zone) {
		run_ask(run, &kms_probe_update, "srv", &u->asked, u->mname, DNS_A, primary_answered,
			NULL);
		return;
	}
	fact_not_tested(s, CW_TEXT(N_("dynamic update")),
			CW_TEXT(N_("%s names no zone for %s"), d->server_text, u->suffix), true);
}

/* The server that answered the SRV query, and a record of its answer. */
static const struct fact *answered_srv(struct run *run)
{
	FACT_EACH_OF (run_facts(run), FACT_DNS_SRV, f)
		if (f->outcome == CW_OUT_OK || f->outcome == CW_OUT_NAME_MISSING ||
		    f->outcome == CW_OUT_NO_DATA)
			return f;
	return NULL;
}

static const struct fact *usable_record(struct run *run, const char *suffix)
{
	FACT_EACH_OF (run_facts(run), FACT_DNS_SRV_RECORD, f)
		if (f->outcome == CW_OUT_OK && fact_is(f, FIELD_SUFFIX, suffix) &&
		    dns_name_within(f->subject, suffix))
			return f;
	return NULL;
}

static void update_begin(struct run *run)
{
	struct kms_state *st = kms_state_of(run);
	struct cw_arena *a = run_arena(run);
	const struct fact *srv = answered_srv(run);
	struct kms_update *u = cw_arena_new_of(a, struct kms_update);
	st->update = u;
	if (!srv || !cw_addr_parse_port(fact_text(srv, FIELD_SERVER), 53, &u->asked)) {
		u->step = STEP_END;
		fact_not_tested(run_facts(run), CW_TEXT(N_("dynamic update")),
				CW_TEXT(N_("no DNS server answered")), true);
		return;
	}
	u->suffix = fact_text(srv, FIELD_SUFFIX);
	u->owner = cw_arena_fmt(a, "_vlmcs._tcp.%s", u->suffix);
	u->new_owner = cw_arena_fmt(a, "_clearway-test-%08x._tcp.%s",
				    (unsigned)io_random32(run_services_of(run)->loop), u->suffix);
	u->record = usable_record(run, u->suffix);
	run_ask(run, &kms_probe_update, "srv", &u->asked, u->suffix, DNS_SOA, soa_answered, NULL);
}

static void update_settled(struct run *run)
{
	const struct kms_request *req = run_request(run);
	if (!req->update_test || kms_state_of(run)->update || run_was_cut_short(run))
		return;
	update_begin(run);
}

const struct probe kms_probe_update = {
	.name = "dns.update",
	.looks_at = FACT_BIT(FACT_DNS_SRV) | FACT_BIT(FACT_DNS_SRV_RECORD),
	.provides = FACT_BIT(FACT_DNS_UPDATE),
	.settled = update_settled,
};
