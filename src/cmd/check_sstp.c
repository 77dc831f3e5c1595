#include "cmd/check_sstp.h"

#include "cmd/check_web.h"
#include "probe/sstp.h"

static bool consistent(const struct check_options *o, struct cw_text *error)
{
	if (o->operand_count < 2) {
		*error = CW_TEXT(N_("want check sstp HOST[:PORT], have no host"));
		return false;
	}
	if (o->operand_count > 2) {
		*error = CW_TEXT(N_("want one host, have another word: %s"), o->operand[2]);
		return false;
	}
	return web_consistent(o, error);
}

static bool init(struct target *t, const struct check_options *o, struct cw_text *error)
{
	struct web_target *w = t->own;
	const char *line = "clearway check sstp";
	t->shown = host_to_ascii(t->arena, o->operand[1]);
	line = cw_arena_join(t->arena, line, " ", quoted_word(t->arena, t->shown), NULL);
	line = web_line(t->arena, line, o);
	if (o->connect_to)
		line = line_with(t->arena, line, "--connect-to", o->connect_to);
	t->command_line = line;
	w->request.host = t->shown;
	w->request.connect_to = o->connect_to ? &o->connect_addr : NULL;
	return web_init(t, o, error);
}

const struct target_kind target_sstp = {
	.name = "sstp",
	.command = "check sstp",
	.bit = CHECK_SSTP,
	.own_size = sizeof(struct web_target),
	.probes = sstp_probes,
	.state_size = sstp_state_size,
	.family = &sstp_family,
	.usage = N_("Usage: clearway check sstp HOST[:PORT] [OPTION...]\n"
		    "       clearway check -f FILE [OPTION...]"),
	.about = N_("Walks the way that a Windows client takes to its SSTP server, as far as no "
		    "password is needed: name, TCP, proxy, TLS, certificate, revocation lists, "
		    "SSTP call. Names what is in the way."),
	.examples =
		"  clearway check sstp vpn.contoso.com\n"
		"  clearway check sstp vpn.contoso.com --proxy http://proxy.contoso.com:3128\n"
		"  clearway check sstp vpn.contoso.com --connect-to 192.0.2.7 --ca root.pem -v\n"
		"  clearway check -f targets.txt --json > results.jsonl\n",
	.consistent = consistent,
	.init = init,
	.ask = web_ask,
	.asks_nothing = web_asks_nothing,
	.clear = web_clear,
};
