#include <string.h>

#include "base/addr.h"
#include "rule/kms_view.h"
#include "rule/hop.h"

/* What passed, said by facts. */
struct passed {
	bool dns, srv, host, port, kms;
};

static bool is_answer(enum cw_outcome o)
{
	return o == CW_OUT_OK || is_negative(o);
}

static void look_at_target(const struct kms_target *t, struct passed *p)
{
	p->host |= t->resolved || (!t->lookups.count && t->peer_count);
	for (size_t i = 0; i < t->lookups.count; i++)
		p->dns |= is_answer(t->lookups.item[i]->outcome);
	for (size_t i = 0; i < t->peer_count; i++) {
		p->port |= t->peer[i].connect->outcome == CW_OUT_OK;
		p->kms |= t->peer[i].reach == REACH_ANSWERS;
	}
}

static struct passed look(const struct kms_view *v)
{
	struct passed p = { .srv = v->discovered };
	const struct kms_target *t;
	for (size_t i = 0; i < v->domain_count; i++)
		for (size_t k = 0; k < v->domain[i].answers.count; k++)
			p.dns |= is_answer(v->domain[i].answers.item[k]->outcome);
	for (size_t i = 0; (t = kms_target_at(v, i)); i++)
		look_at_target(t, &p);
	return p;
}

static bool fails_at(const struct finding *findings, const char *hop)
{
	for (const struct finding *f = findings; f; f = f->next)
		if (f->role == FINDING_CAUSE && f->hop && !strcmp(f->hop, hop))
			return true;
	return false;
}

static bool failed_before(const struct hop_row *row)
{
	for (size_t i = 0; i < row->count; i++)
		if (row->hop[i].state == HOP_FAILED)
			return true;
	return false;
}

static void add_hop(struct hop_row *row, const struct finding *findings, const char *name,
		    bool passed)
{
	enum hop_state state = passed               ? HOP_PASSED
			       : failed_before(row) ? HOP_NOT_REACHED
						    : HOP_NOT_TESTED;
	if (fails_at(findings, name))
		state = HOP_FAILED;
	row->hop[row->count++] = (struct hop){ .name = name, .state = state };
}

void kms_hops(const struct fact_store *facts, const struct finding *findings, struct hop_row *out)
{
	const struct kms_view *v = kms_view_make(facts);
	const struct fact *pinned = fact_first(facts, FACT_KMS_PINNED);
	struct passed p = look(v);
	struct cw_addr ignored;
	bool discovery = v->discovery || !pinned;
	bool named = pinned && !cw_addr_parse(fact_text(pinned, FIELD_HOST), &ignored);
	*out = (struct hop_row){ 0 };
	if (discovery || named)
		add_hop(out, findings, "dns", p.dns);
	if (discovery)
		add_hop(out, findings, "srv", p.srv);
	add_hop(out, findings, "host", p.host);
	add_hop(out, findings, "port", p.port);
	add_hop(out, findings, "kms", p.kms);
}
