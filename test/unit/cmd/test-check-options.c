/* What the words behind check become: options of each kind of target, what is refused, and that no
 * password gets where it can be seen. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cert/ca.h"
#include "cmd/check_web.h"
#include "cmd/words.h"

struct line {
	struct cw_arena *arena;
	struct check_options options;
	struct target target;
	char error[512];
};

static bool read_line_with(struct line *l, const char *text, struct ca_shelf *shelf)
{
	const char *const *words;
	size_t count;
	struct cw_text error = { 0 };
	static const struct resolver_settings settings = { .outcome = CW_OUT_OK };
	*l = (struct line){ .arena = cw_arena_new() };
	bool ok = words_split(l->arena, text, strlen(text), &count, &words, &error) &&
		  check_options_read(l->arena, count, words, &l->options, &error);
	l->options.shelf = shelf;
	if (ok && l->options.kind)
		ok = target_init(&l->target, &l->options, &settings, "system", &error);
	if (!ok)
		(void)snprintf(l->error, sizeof(l->error), "%s",
			       cw_text_render(l->arena, &error, NULL));
	return ok;
}

static bool read_line(struct line *l, const char *text)
{
	return read_line_with(l, text, NULL);
}

static void forget(struct line *l)
{
	target_clear(&l->target);
	cw_arena_free(l->arena);
}

static void takes_each_kind(void **state)
{
	static const struct {
		const char *line, *command_line;
	} rows[] = {
		{ "kms contoso.com --dns 10.0.0.1 --suffix b.example",
		  "clearway check kms contoso.com --suffix b.example --dns 10.0.0.1" },
		{ "sstp vpn.contoso.com:8443", "clearway check sstp vpn.contoso.com:8443" },
		{ "sstp vpn.contoso.com --proxy p:3128 --connect-to 192.0.2.7",
		  "clearway check sstp vpn.contoso.com --proxy http://p:3128/ --connect-to "
		  "192.0.2.7" },
		{ "--proxy=http://p:3128 sstp bücher.example",
		  "clearway check sstp xn--bcher-kva.example --proxy http://p:3128/" },
		{ "activation", "clearway check activation" },
		{ "activation a.example https://b.example/x --crl http://c.example/y.crl",
		  "clearway check activation https://a.example/ https://b.example/x --crl "
		  "http://c.example/y.crl" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct line l;
		if (!read_line(&l, rows[i].line))
			fail_msg("%s: %s", rows[i].line, l.error);
		assert_string_equal(l.target.command_line, rows[i].command_line);
		forget(&l);
	}
}

static void refuses(void **state)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
		{ "", "nothing to check" },
		{ "tls contoso.com", "have tls" },
		{ "kms contoso.com --proxy http://p",
		  "option of check kms (see --help), have --proxy" },
		{ "sstp vpn --suffix x", "option of check sstp (see --help), have --suffix" },
		{ "sstp vpn --crl http://x/", "option of check sstp (see --help), have --crl" },
		{ "activation --connect-to 192.0.2.1", "have --connect-to" },
		{ "activation --update-test", "have --update-test" },
		{ "kms a.example b.example", "another word: b.example" },
		{ "sstp", "have no host" },
		{ "sstp a b", "another word: b" },
		{ "sstp a --proxy ftp://x", "have ftp://x" },
		{ "sstp a --proxy-user u", "together with --proxy" },
		{ "sstp a --proxy p --password-file x", "together with --proxy-user" },
		{ "sstp a --proxy p --proxy-user u --password-file x --password-fd 3",
		  "have both" },
		{ "sstp a --password-fd -1", "--password-fd from 0" },
		{ "sstp a --connect-to b", "have b" },
		{ "sstp a --ca /nonexistent.pem", "/nonexistent.pem" },
		{ "sstp a --user u", "have --user" },
		{ "activation ldap://x/", "have ldap://x/" },
		{ "activation --crl file:///x", "have file:///x" },
		{ "-f x --proxy http://p", "in the lines of -f x" },
		{ "-f x sstp a", "in the lines of -f x" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct line l;
		if (read_line(&l, rows[i].line))
			fail_msg("%s: want it refused", rows[i].line);
		if (!strstr(l.error, rows[i].text))
			fail_msg("%s: want \"%s\", have \"%s\"", rows[i].line, rows[i].text,
				 l.error);
		forget(&l);
	}
}

/* A password that somebody writes into a URL is refused, and is not repeated. */
static void does_not_repeat_passwords(void **state)
{
	static const char *const lines[] = {
		"sstp a --proxy http://u:hush@p:3128",
		"sstp a --proxy u:hush@p:3128",
		"activation https://u:hush@a.example/",
		"activation --crl http://u:hush@a.example/x.crl",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct line l;
		assert_false(read_line(&l, lines[i]));
		assert_null(strstr(l.error, "hush"));
		forget(&l);
	}
}

static const char *file_with(const char *text, size_t len, char name[32])
{
	(void)snprintf(name, 32, "/tmp/clearway-test-XXXXXX");
	int fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	(void)close(fd);
	return name;
}

static void reads_a_password_file(void **state)
{
	char name[32], line[128];
	struct line l;
	(void)snprintf(line, sizeof(line), "sstp a --proxy p --proxy-user u --password-file %s",
		       file_with("hush word\r\nsecond", 17, name));
	assert_true(read_line(&l, line));
	struct web_target *w = l.target.own;
	struct cw_text error;
	assert_string_equal(w->request.proxy_password, "hush word");
	assert_true(l.options.kind->asks_nothing(&l.target, &l.options, &error));
	assert_null(strstr(l.target.command_line, "hush"));
	target_clear(&l.target);
	assert_string_equal(w->password.text, "");
	for (size_t i = 0; i < sizeof(w->password.text); i++)
		assert_int_equal(w->password.text[i], 0);
	(void)unlink(name);
	forget(&l);
}

static void wants_a_password_that_fits(void **state)
{
	char name[32], line[128], big[LIMIT_PASSWORD + 1];
	const struct {
		const char *text;
		size_t len;
		bool good;
	} rows[] = {
		{ "a\0b\n", 4, false },
		{ big, LIMIT_PASSWORD, true },
		{ big, LIMIT_PASSWORD + 1, false },
		{ "", 0, true },
	};
	memset(big, 'x', sizeof(big));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct line l;
		(void)snprintf(line, sizeof(line),
			       "sstp a --proxy p --proxy-user u --password-file %s",
			       file_with(rows[i].text, rows[i].len, name));
		assert_int_equal(read_line(&l, line), rows[i].good);
		(void)unlink(name);
		forget(&l);
	}
}

static void asks_nobody_in_a_list(void **state)
{
	struct line l;
	struct cw_text error = { 0 };
	assert_true(read_line(&l, "sstp a --proxy p --proxy-user u"));
	assert_false(l.options.kind->asks_nothing(&l.target, &l.options, &error));
	assert_non_null(error.msgid);
	forget(&l);
	assert_true(read_line(&l, "kms a.example --update-test"));
	assert_false(l.options.kind->asks_nothing(&l.target, &l.options, &error));
	forget(&l);
	assert_true(read_line(&l, "kms a.example --update-test --yes"));
	assert_true(l.options.kind->asks_nothing(&l.target, &l.options, &error));
	forget(&l);
}

static void password_from_an_open_file(void **state)
{
	struct secret s = { 0 };
	struct cw_arena *a = cw_arena_new();
	struct cw_text error;
	int ends[2];
	char rest[8] = "";
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "one\ntwo", 7), 7);
	(void)close(ends[1]);
	assert_true(secret_read_fd(&s, ends[0], a, &error));
	assert_string_equal(s.text, "one");
	assert_int_equal(read(ends[0], rest, sizeof(rest)), 3); /* the rest is left for others */
	secret_wipe(&s);
	assert_false(s.given);
	(void)close(ends[0]);
	assert_false(secret_read_fd(&s, ends[0], a, &error));
	cw_arena_free(a);
}

static bool has_option(const struct option_row *rows, const char *name)
{
	for (; rows->name; rows++)
		if (!strcmp(rows->name, name))
			return true;
	return false;
}

static void helps_with_its_own_options_only(void **state)
{
	struct cw_arena *a = cw_arena_new();
	const struct option_row *kms = check_rows(a, CHECK_KMS), *sstp = check_rows(a, CHECK_SSTP);
	assert_true(has_option(kms, "suffix") && has_option(kms, "json"));
	assert_false(has_option(kms, "proxy"));
	assert_true(has_option(sstp, "proxy") && has_option(sstp, "timeout"));
	assert_false(has_option(sstp, "crl"));
	assert_true(has_option(check_rows(a, CHECK_ACTIVATION), "crl"));
	cw_arena_free(a);
}

static void write_root(struct ca *ca, char name[32])
{
	const struct ca_cert *root = ca_issue(
		ca, &(struct ca_spec){ .name = "Root", .is_ca = true, .from_s = 1, .to_s = 2 });
	(void)snprintf(name, 32, "/tmp/clearway-test-XXXXXX");
	int fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, root->der.at, root->der.len), (ssize_t)root->der.len);
	(void)close(fd);
}

static const struct cert_set *roots_of(const struct line *l)
{
	const struct web_target *w = l->target.own;
	return w->request.roots;
}

/* Lines of a list share what is read, where they name the same files; and never else. */
static void reads_roots_once(void **state)
{
	(void)state;
	struct ca *ca = ca_new();
	struct ca_shelf *shelf = ca_shelf_new();
	char one[32], two[32], text[128];
	struct line first, again, other, both, none, alone;
	write_root(ca, one);
	write_root(ca, two);
	(void)snprintf(text, sizeof(text), "sstp a --ca %s", one);
	assert_true(read_line_with(&first, text, shelf));
	forget(&first); /* the shelf's roots outlive the line */
	assert_true(read_line(&alone, text));
	assert_int_equal(cert_set_count(roots_of(&alone)), 1);
	assert_true(read_line_with(&first, text, shelf));
	(void)unlink(one);
	assert_true(read_line_with(&again, text, shelf));
	assert_non_null(roots_of(&first));
	assert_ptr_equal(roots_of(&again), roots_of(&first));
	assert_ptr_not_equal(roots_of(&alone), roots_of(&first));
	(void)snprintf(text, sizeof(text), "sstp a --ca %s", two);
	assert_true(read_line_with(&other, text, shelf));
	assert_ptr_not_equal(roots_of(&other), roots_of(&first));
	(void)snprintf(text, sizeof(text), "sstp a --ca %s --ca %s", two, two);
	assert_true(read_line_with(&both, text, shelf));
	assert_ptr_not_equal(roots_of(&both), roots_of(&other));
	assert_true(read_line_with(&none, "sstp a", shelf));
	assert_null(roots_of(&none));
	struct line *const lines[] = { &first, &again, &other, &both, &none, &alone };
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		forget(lines[i]);
	(void)unlink(two);
	ca_shelf_free(shelf);
	ca_free(ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_each_kind),
		cmocka_unit_test(refuses),
		cmocka_unit_test(does_not_repeat_passwords),
		cmocka_unit_test(reads_a_password_file),
		cmocka_unit_test(wants_a_password_that_fits),
		cmocka_unit_test(asks_nobody_in_a_list),
		cmocka_unit_test(password_from_an_open_file),
		cmocka_unit_test(helps_with_its_own_options_only),
		cmocka_unit_test(reads_roots_once),
	};
	return cmocka_run_group_tests_name("check-options", tests, NULL, NULL);
}
