/* Words and ready commands that the rules of check sstp and check activation share. */
#ifndef CW_RULE_REMOTE_SAY_H
#define CW_RULE_REMOTE_SAY_H

#include "rule/kms_say.h"
#include "rule/remote.h"

/* Evidence, each in the words of its own fact. */

/* At a listener, by whatever route: %1$s the listener, %2$s milliseconds, %3$s extra. */
void say_at(struct judge *j, const struct fact *f, const char *msgid, const char *extra);
/* A lookup that gave no address. */
void say_lookup(struct judge *j, const struct fact *f);
/* No DNS server is set, and the name needs one: evidence and fix. */
bool say_no_resolver(struct judge *j, const struct remote_target *t);
/* A handshake that was not completed. */
void say_handshake(struct judge *j, const struct fact *f);
/* What a proxy answers instead of a connection or a document. */
void say_proxy(struct judge *j, const struct fact *f);
/* The proxy that is set cannot be reached at all: evidence, title and fix. */
bool say_dead_proxy(struct judge *j);
/* A fault of a certificate. */
void say_cert_fault(struct judge *j, const struct fact *f);
/* A source of revocation status that does not serve. */
void say_source(struct judge *j, const struct fact *f);
/* A source that does, by another route, for contrast. */
void say_fine_source(struct judge *j, const struct fact *f);
/* An HTTP answer other than the one that is due. */
void say_http(struct judge *j, const struct fact *f);
/* A server's clock against ours. */
void say_clock(struct judge *j, const struct fact *f);

/* "Basic, Digest"; "none named" where the proxy names none. */
struct cw_text schemes_text(struct cw_arena *a, const struct fact *f);
/* The proxy takes a login that Windows may make by itself, with the machine's own account. */
bool takes_machine_login(const struct fact *f);

/* URLs in the order in which they were first added, each once. */
struct url_list {
	const char **url;
	size_t count, cap;
};

void url_list_add(struct cw_arena *a, struct url_list *l, const char *url);

/* Each URL is plain enough to stand in a file of settings. */
bool url_is_plain(const char *url);
/* The URLs, one a line, and the rules that let them through a Squid proxy without a login. */
void fix_exempt(struct judge *j, const struct url_list *l);
/* Steps to set the clock. */
void fix_clock(struct judge *j);
/* The source answers and gives no status: the step for that, or false where that is not so. */
bool fix_declining_source(struct judge *j, const struct fact *f);
/* Commands to see a URL as Windows does. */
void fix_fetch(struct judge *j, const char *url);

/* Evidence for all faults of that meaning at one peer. Gives the first, or NULL. */
const struct fact *say_faults(struct judge *j, const struct remote_peer *p,
			      enum remote_fault meaning);

/* Sources of one meaning: the causes, else the warnings. */
struct source_faults {
	struct judge *j;
	uint32_t meanings; /* 1 << enum remote_source */
	bool causes_only;
	struct url_list urls;
	struct name_row names;
	const struct fact *first;
	bool warning;
};

/*
 * Evidence for all sources that fail so. A certificate whose status is good by another source
 * makes a warning only, and so does a delta list. Gives whether there is any.
 */
bool gather_sources(struct source_faults *x);

/* The words at the end of a run that settles nothing; nothing_shown is for a run in which nothing
 * was cut short. */
struct cw_text remote_undetermined(const struct fact_store *facts, const char *command,
				   struct cw_text nothing_shown);
/* The command line with the option added, for "try". */
const char *remote_command(const struct fact_store *facts, const char *otherwise,
			   const char *option);

#endif
