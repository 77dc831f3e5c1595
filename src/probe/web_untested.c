/* What was not looked at, once nothing is under way any more. */
#include "probe/web_state.h"

#include <string.h>

#include "base/limits.h"

static bool is_local_trouble(enum cw_outcome o)
{
	return o == CW_OUT_NO_ROUTE || o == CW_OUT_DENIED || o == CW_OUT_LOCAL;
}

/* Another address of the same name took the connection. */
static bool connected_elsewhere(struct run *run, const struct fact *connect)
{
	FACT_EACH_OF (run_facts(run), FACT_TCP_CONNECT, f)
		if (f->outcome == CW_OUT_OK &&
		    fact_is(f, FIELD_HOST, fact_text(connect, FIELD_HOST)) &&
		    fact_is(f, FIELD_ORIGIN, fact_text(connect, FIELD_ORIGIN)))
			return true;
	return false;
}

static void say_connections(struct run *run)
{
	FACT_EACH_OF (run_facts(run), FACT_TCP_CONNECT, f) {
		if (!is_local_trouble(f->outcome))
			continue;
		const char *why = f->outcome == CW_OUT_NO_ROUTE
					  ? N_("this machine has no route to it (%s)")
				  : f->outcome == CW_OUT_DENIED
					  ? N_("this machine's own firewall forbids it (%s)")
					  : N_("this machine could not try (%s)");
		fact_not_tested(run_facts(run), CW_TEXT(N_("TCP to %s"), f->subject),
				CW_TEXT(why, fact_text(f, FIELD_ERROR)),
				!connected_elsewhere(run, f));
	}
}

/* Servers that this machine cannot even send to. They hide a cause unless another one answered. */
static void say_servers(struct run *run)
{
	struct name_set said = { 0 };
	bool answered = false;
	FACT_EACH_OF (run_facts(run), FACT_DNS_ADDRESS, f)
		answered |= f->outcome == CW_OUT_OK;
	FACT_EACH_OF (run_facts(run), FACT_DNS_ADDRESS, f) {
		const char *server = fact_text(f, FIELD_SERVER);
		if (is_local_trouble(f->outcome) && name_set_add(&said, run_arena(run), server))
			fact_not_tested(run_facts(run), CW_TEXT(N_("the DNS server %s"), server),
					CW_TEXT(N_("this machine cannot send to it: %s"),
						fact_text(f, FIELD_ERROR)),
					!answered);
	}
}

/* What our own TLS library cannot do (TLS 1.0 in a strict build) hides nothing. */
static void say_handshakes(struct run *run)
{
	FACT_EACH_OF (run_facts(run), FACT_TLS_HANDSHAKE, f)
		if (is_local_trouble(f->outcome))
			fact_not_tested(run_facts(run), CW_TEXT(N_("TLS to %s"), f->subject),
					CW_TEXT(N_("this machine could not try (%s)"),
						fact_text(f, FIELD_ERROR)),
					true);
}

static void say_logins(struct run *run)
{
	const struct web_request *req = run_request(run);
	const struct fact *asked = NULL;
	FACT_EACH_OF (run_facts(run), FACT_PROXY_ANSWER, f)
		if (fact_number(f, FIELD_STATUS, 0) == 407 && !asked)
			asked = f;
	if (asked && !req->proxy_user)
		fact_not_tested(run_facts(run), CW_TEXT(N_("the proxy's login")),
				CW_TEXT(N_("no user is given (--proxy-user)")), false);
}

static void untested_settled(struct run *run)
{
	struct web_state *st = web_state_of(run);
	if (st->settled || run_first_task(run))
		return;
	st->settled = true;
	say_servers(run);
	say_connections(run);
	say_handshakes(run);
	say_logins(run);
	if (st->addresses_capped)
		fact_not_tested(run_facts(run), CW_TEXT(N_("further addresses")),
				CW_TEXT(N_("a name has more than %s; the first ones were tried"),
					cw_arena_fmt(run_arena(run), "%d", LIMIT_HOST_ADDRESSES)),
				false);
	if (run_was_cut_short(run))
		fact_not_tested(run_facts(run), CW_TEXT(N_("what was still under way")),
				run_timed_out(run)
					? CW_TEXT(N_("the time limit (--timeout) was reached"))
					: CW_TEXT(N_("the run was interrupted")),
				true);
}

/* Enabled with whatever else is: what it says belongs to every run. */
const struct probe web_probe_untested = {
	.name = "untested",
	.provides = UINT64_MAX,
	.settled = untested_settled,
};
