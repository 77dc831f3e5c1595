/*
 * Runs NIST's PKITS through the judge.
 *
 *     pkits TABLE FOLDER
 *
 * TABLE is pkits.tsv beside this file, FOLDER holds certs/ and crls/ of PKITS. Every row says what
 * PKITS wants and what a Windows client does; they differ only with a reason. Any other verdict of
 * the judge than the Windows column fails the run. TAP on standard output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cert/judge.h"

enum { COLUMNS = 8, FILES_MOST = 16, FILE_MOST = 1 << 20 };
/* 2012-06-01: within the validity of everything that PKITS means to be valid. */
static const int64_t now_s = 1338508800;

struct row {
	const char *test, *leaf, *certificates, *lists, *pkits, *windows, *first, *reason;
};

struct run {
	const char *folder;
	struct cw_arena *arena;
	struct cert_set *sent, *trusted;
	struct cert_evidence crl[FILES_MOST];
	size_t crl_count;
};

static struct cert_bytes read_file(struct run *r, const char *part, const char *name)
{
	const char *path = cw_arena_fmt(r->arena, "%s/%s/%s", r->folder, part, name);
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		exit(1);
	}
	uint8_t *bytes = cw_arena_alloc(r->arena, FILE_MOST);
	size_t len = fread(bytes, 1, FILE_MOST, f);
	(void)fclose(f);
	return (struct cert_bytes){ bytes, len };
}

static void add_certificate(struct run *r, struct cert_set *s, const char *name)
{
	struct cert_bytes der = read_file(r, "certs", name);
	if (cert_set_add(s, der.at, der.len, name, NULL) != CW_OK)
		(void)printf("# %s cannot be read\n", name);
}

static void add_list(struct run *r, const char *name)
{
	struct cert_bytes der = read_file(r, "crls", name);
	if (r->crl_count == FILES_MOST)
		exit(1);
	r->crl[r->crl_count++] = (struct cert_evidence){ .bytes = der.at, .len = der.len };
}

/* Names with spaces between, "-" for none. */
static void each(struct run *r, const char *names, void (*take)(struct run *, const char *))
{
	char *copy = cw_arena_str(r->arena, names), *rest = NULL;
	for (char *name = strtok_r(copy, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
		if (strcmp(name, "-") != 0)
			take(r, name);
	}
}

static void send_certificate(struct run *r, const char *name)
{
	add_certificate(r, r->sent, name);
}

static const char *judge(struct run *r, const struct row *row, struct cert_judgement *out)
{
	send_certificate(r, row->leaf);
	each(r, row->certificates, send_certificate);
	add_certificate(r, r->trusted, "TrustAnchorRootCertificate.crt");
	add_list(r, "TrustAnchorRootCRL.crl");
	each(r, row->lists, add_list);
	const struct cert_question q = {
		.sent = r->sent,
		.trusted = r->trusted,
		.now_s = now_s,
		.crl = r->crl,
		.crl_count = r->crl_count,
	};
	if (cert_judge(&q, r->arena, out) != CW_OK)
		return "invalid";
	return out->errors ? "invalid" : "valid";
}

static void tell(struct cw_arena *a, const struct cert_judgement *j)
{
	for (const struct cert_fault *f = j->fault; f; f = f->next)
		(void)printf("# %s at depth %u: want %s, have %s\n", cert_fault_name(f->kind),
			     f->depth, cw_text_render(a, &f->want, NULL),
			     cw_text_render(a, &f->have, NULL));
}

/* A row that differs from PKITS without a reason is a fault of the table. */
static bool explained(const struct row *row)
{
	return strcmp(row->pkits, row->windows) == 0 || strcmp(row->reason, "-") != 0;
}

static bool run_row(const char *folder, const struct row *row)
{
	struct run r = { .folder = folder, .arena = cw_arena_new() };
	struct cert_judgement j = { 0 };
	r.sent = cert_set_new();
	r.trusted = cert_set_new();
	const char *verdict = judge(&r, row, &j);
	const char *first = j.first ? cert_fault_name(j.first->kind) : "-";
	bool ok = strcmp(verdict, row->windows) == 0 && strcmp(first, row->first) == 0 &&
		  explained(row);
	(void)printf("%s - %s: PKITS %s, Windows %s, have %s (%s)\n", ok ? "ok" : "not ok",
		     row->test, row->pkits, row->windows, verdict, first);
	if (!ok)
		tell(r.arena, &j);
	cert_set_free(r.sent);
	cert_set_free(r.trusted);
	cw_arena_free(r.arena);
	return ok;
}

static bool split(char *line, struct row *out)
{
	char *column[COLUMNS];
	for (size_t i = 0; i < COLUMNS; i++) {
		column[i] = strsep(&line, "\t");
		if (!column[i])
			return false;
	}
	*out = (struct row){ column[0], column[1], column[2], column[3],
			     column[4], column[5], column[6], column[7] };
	return true;
}

int main(int argc, char **argv)
{
	char line[4096];
	unsigned count = 0, bad = 0;
	FILE *table = argc == 3 ? fopen(argv[1], "r") : NULL;
	if (!table) {
		(void)fprintf(stderr, "usage: pkits TABLE FOLDER\n");
		return 2;
	}
	while (fgets(line, sizeof(line), table)) {
		struct row row;
		line[strcspn(line, "\n")] = '\0';
		if (*line == '#' || !*line)
			continue;
		count++;
		if (!split(line, &row)) {
			(void)printf("not ok - want %d columns, have fewer: %s\n", COLUMNS, line);
			bad++;
		} else {
			bad += !run_row(argv[2], &row);
		}
	}
	(void)fclose(table);
	(void)printf("1..%u\n", count);
	return bad || !count;
}
