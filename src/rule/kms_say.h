/* Words that KMS rules share: who said what, names in a row, and ready commands. */
#ifndef CW_RULE_KMS_SAY_H
#define CW_RULE_KMS_SAY_H

#include "rule/kms_view.h"

/* "10.0.0.10"; the port only where it is not 53. */
const char *server_name(struct cw_arena *a, const char *server);
/* "NXDOMAIN", "NODATA", "SERVFAIL", ...: one word for an answer; never for silence. */
const char *answer_word(const struct fact *f);
const char *ms_text(struct cw_arena *a, cw_ms ms);
const char *number_text(struct cw_arena *a, int64_t number);

/* Names in the order in which they were first added, each once, for a line: "a, b, c, +17". */
struct name_row {
	size_t count;
	const char *shown[3];
};

void name_row_add(struct name_row *r, const char *name);
const char *name_row_text(struct cw_arena *a, const struct name_row *r);

/*
 * Evidence that is one server's answer. The message id has, in this order: %1$s owner, %2$s
 * type, %3$s answer, %4$s milliseconds; the server is the last one: %5$s, or %6$s when there is
 * an extra argument, which is %5$s then.
 */
void say_answer(struct judge *j, const struct fact *f, const char *type, const char *msgid,
		const char *extra);
/* Evidence that is silence or an error of one server: %1$s server, %2$s owner, %3$s type, %4$s
 * milliseconds, %5$s the extra argument. */
void say_silence(struct judge *j, const struct fact *f, const char *type, const char *msgid,
		 const char *extra);
/* Evidence at a peer: %1$s "kms01.contoso.com (192.0.2.7:1688)", %2$s milliseconds, %3$s extra. */
void say_peer(struct judge *j, const struct fact *f, const char *msgid, const char *extra);
/* A peer that answers as a KMS host, for contrast. */
void say_live_peer(struct judge *j, const struct fact *bind, const char *msgid);
/* Why a peer does not answer, as evidence in the words of its own fact. */
void say_dead_peer(struct judge *j, const struct fact *f);
/* A and AAAA of a name that some server denies. */
void say_denied(struct judge *j, const struct fact *lookup);
/* "A" or "AAAA". */
const char *address_type(const struct fact *lookup);

/* The SOA serial that the server of this answer has for the domain's zone, or NULL. */
const char *serial_at(const struct kms_view *v, const struct kms_domain *d,
		      const struct fact *answer);

/* Whether the name may stand in a command or a configuration as it is. */
bool name_is_plain(const char *name);
/* A host's name to publish in the zone: one that the facts know, else kms01.ZONE. */
const char *host_to_publish(const struct kms_view *v, const char *zone, bool *invented);

/* Hosts for which a finding writes the steps out; the others go the same way. */
enum { FIXES_SHOWN = 3 };

/* Steps of a fix. Each leaves its snippet out when a name in it is not plain. */

/* A zone line, an nsupdate script, and the same for a Windows DNS server. */
void fix_publish(struct judge *j, const struct kms_domain *d, const char *host, int64_t port,
		 bool invented);
/* slmgr /ckms, on a client that shall find its host by itself. */
void fix_discover(struct judge *j);
/* slmgr /skms HOST:PORT. */
void fix_pin(struct judge *j, struct cw_text text, const char *name);
/* A MAK, or a KMS host of one's own. */
void fix_without_host(struct judge *j);
/* The SRV record at owner that names the target shall go. record may be any of its facts. */
void fix_remove_record(struct judge *j, struct cw_text text, const struct fact *record);
/* The address record of a host. address NULL: to be filled in by the reader. */
void fix_address_record(struct judge *j, struct cw_text text, const char *host,
			const char *address);

#endif
