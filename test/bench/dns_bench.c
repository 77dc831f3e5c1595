/*
 * Queries a CPU second through path/dns_client: what one process can ask.
 *
 *	dns-bench PORT QUERIES CONCURRENCY ADDRESS...
 *	dns-bench 5300 500000 64 127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.4 ...
 *
 * Asks the servers in turn for _vlmcs._tcp.NUMBER.example SRV, CONCURRENCY at once, and reports
 * queries, answers by outcome, seconds, and CPU seconds of this process alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/limits.h"
#include "path/dns_client.h"

enum { SERVERS = 64, NAMES = 1000, LIMIT = 2500 };

struct bench {
	struct io_loop *loop;
	struct dns_client *client;
	struct cw_addr server[SERVERS];
	size_t server_count;
	unsigned long total, asked, answered;
	unsigned long outcome[CW_OUT_COUNT];
	unsigned long sent, records;
};

/* One of the queries under way; its arena is used again for the next. */
struct job {
	struct bench *bench;
	struct cw_arena *arena;
};

static void next(struct job *j);

static void answered(void *ctx, const struct dns_answer *answer)
{
	struct job *j = ctx;
	struct bench *b = j->bench;
	b->answered++;
	b->outcome[answer->outcome]++;
	b->sent += answer->sent;
	b->records += answer->message ? answer->message->rr_count : 0;
	if (b->answered == b->total)
		io_loop_stop(b->loop);
	else
		next(j);
}

static void next(struct job *j)
{
	struct bench *b = j->bench;
	char name[64];
	if (b->asked == b->total)
		return;
	cw_arena_reset(j->arena);
	(void)snprintf(name, sizeof(name), "_vlmcs._tcp.%lu.example", b->asked % NAMES);
	struct dns_ask_spec spec = { .server = b->server[b->asked % b->server_count],
				     .name = name,
				     .type = DNS_SRV,
				     .recursion_desired = true,
				     .limit_ms = LIMIT };
	b->asked++;
	(void)dns_client_ask(b->client, &spec, j->arena, answered, j);
}

static double cpu_seconds(void)
{
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool read_arguments(struct bench *b, int argc, char **argv, unsigned long *jobs)
{
	if (argc < 5 || argc - 4 > SERVERS)
		return false;
	unsigned long port = strtoul(argv[1], NULL, 10);
	b->total = strtoul(argv[2], NULL, 10);
	*jobs = strtoul(argv[3], NULL, 10);
	for (int i = 4; i < argc; i++) {
		if (!cw_addr_parse_port(argv[i], (uint16_t)port, &b->server[b->server_count++]))
			return false;
	}
	return port && port <= UINT16_MAX && b->total && *jobs;
}

static void run(struct bench *b, unsigned long jobs)
{
	struct job *job = calloc(jobs, sizeof(*job));
	if (!job)
		exit(2);
	for (unsigned long i = 0; i < jobs; i++) {
		job[i] = (struct job){ b, cw_arena_new() };
		next(&job[i]);
	}
	io_loop_run(b->loop);
	for (unsigned long i = 0; i < jobs; i++)
		cw_arena_free(job[i].arena);
	free(job);
}

int main(int argc, char **argv)
{
	struct bench b = { 0 };
	struct io_gate *gate;
	unsigned long jobs;
	if (!read_arguments(&b, argc, argv, &jobs)) {
		fputs("usage: dns-bench PORT QUERIES CONCURRENCY ADDRESS...\n", stderr);
		return 2;
	}
	if (io_loop_new(&b.loop) || io_gate_new(b.loop, LIMIT_PER_ADDRESS, &gate) ||
	    dns_client_new(b.loop, gate, &b.client))
		return 2;
	double start = seconds(), cpu = cpu_seconds();
	run(&b, jobs);
	double took = seconds() - start, used = cpu_seconds() - cpu;
	printf("queries %lu, datagrams %lu, records %lu\n", b.answered, b.sent, b.records);
	for (int i = 0; i < CW_OUT_COUNT; i++) {
		if (b.outcome[i])
			printf("%s %lu\n", cw_outcome_name((enum cw_outcome)i), b.outcome[i]);
	}
	printf("seconds %.2f, CPU seconds %.2f, queries a CPU second %.0f\n", took, used,
	       (double)b.answered / used);
	dns_client_free(b.client);
	io_gate_free(gate);
	io_loop_free(b.loop);
	return 0;
}
