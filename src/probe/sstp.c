#include "probe/sstp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/hostname.h"
#include "probe/web_state.h"

enum { SSTP_PORT = 443 };

/* HOST[:PORT], where IPv6 with a port stands in brackets. False: fault says why not. */
static bool read_host(struct cw_arena *a, const char *typed, struct web_place *out,
		      struct name_fault *fault)
{
	struct cw_addr addr;
	char text[CW_ADDR_TEXT];
	const char *colon = strrchr(typed, ':');
	unsigned port = SSTP_PORT;
	*fault = (struct name_fault){ 0 };
	if (cw_addr_parse_port(typed, SSTP_PORT, &addr)) {
		out->host = cw_arena_str(a, cw_addr_text(&addr, text));
		out->port = addr.port;
		return true;
	}
	size_t len = colon ? (size_t)(colon - typed) : strlen(typed);
	if (strstr(typed, "://") || strchr(typed, '/')) {
		fault->why = "url";
		return false;
	}
	if (colon) {
		char *end = NULL;
		unsigned long n =
			strspn(colon + 1, "0123456789") ? strtoul(colon + 1, &end, 10) : 0;
		if (!end || *end || !n || n > UINT16_MAX) {
			fault->why = "port";
			(void)snprintf(fault->detail, sizeof(fault->detail), "%s", colon + 1);
			return false;
		}
		port = (unsigned)n;
	}
	if (len && typed[len - 1] == '.')
		len--;
	out->host = cw_arena_strn(a, typed, len);
	out->port = (uint16_t)port;
	return host_name_is_valid(out->host, fault);
}

static struct web_host *given_address(struct run *run, const char *name, const struct cw_addr *addr)
{
	struct web_host *h = cw_arena_new_of(run_arena(run), struct web_host);
	*h = (struct web_host){ .name = name, .origin = "sstp" };
	web_host_add(run, h, addr);
	return h;
}

void sstp_put_target(struct run *run, const struct web_request *req)
{
	struct web_state *st = web_state_of(run);
	struct fact_store *s = run_facts(run);
	struct web_place place = { .tls = true };
	struct name_fault fault;
	bool good = read_host(run_arena(run), req->host, &place, &fault);
	st->origin = "sstp";
	if (good) {
		struct web_target *t = cw_arena_new_of(run_arena(run), struct web_target);
		struct cw_addr to = req->connect_to ? *req->connect_to : (struct cw_addr){ 0 };
		if (to.port)
			place.port = to.port;
		to.port = place.port;
		place.where = req->connect_to ? given_address(run, place.host, &to)
					      : web_host_of(run, place.host, st->origin);
		web_place_finish(run, &place, req->connect_to ? &to : NULL);
		t->place = place;
		*st->last_target = t;
		st->last_target = &t->next;
	}
	struct fact *f =
		run_fact(run, &web_probe_settings, FACT_TARGET, good ? place.name : req->host);
	f->outcome = good ? CW_OUT_OK : CW_OUT_INVALID;
	fact_set_text(s, f, FIELD_HOST, place.host);
	fact_set_number(s, f, FIELD_PORT, place.port);
	fact_set_text(s, f, FIELD_SOURCE, "argument");
	fact_set_text(s, f, FIELD_WHY, fault.why);
	if (*fault.detail)
		fact_set_text(s, f, FIELD_DETAIL, fault.detail);
	if (good)
		st->targets->fact = f;
	run_put(run, f);
}

const struct probe *const sstp_probes[] = {
	&web_probe_settings, &web_probe_address,    &web_probe_visit,    &web_probe_versions,
	&web_probe_cert,     &web_probe_revocation, &web_probe_untested, NULL,
};

size_t sstp_state_size(void)
{
	return sizeof(struct web_state);
}
