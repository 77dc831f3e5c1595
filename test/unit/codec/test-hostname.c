#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "codec/hostname.h"

static const char *fault_of(const char *name)
{
	struct name_fault fault;
	return host_name_is_valid(name, &fault) ? "" : fault.why;
}

static void takes_what_windows_takes(void **state)
{
	static const char *const good[] = {
		"contoso.com",          "contoso.com.", "KMS01",
		"kms_01.contoso.com",   "xn--fiq.jp",   "a-b.c-d.example",
		"\xe6\x9d\xb1.example", "1688.example",
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_string_equal(fault_of(good[i]), "");
}

static void says_what_is_wrong(void **state)
{
	char label[70] = "", name[300] = "";
	memset(label, 'a', 64);
	for (int i = 0; i < 64; i++)
		strncat(name, "abc.", sizeof(name) - strlen(name) - 1);
	assert_string_equal(fault_of(""), "empty");
	assert_string_equal(fault_of("."), "empty");
	assert_string_equal(fault_of("a..b"), "empty-label");
	assert_string_equal(fault_of(".contoso.com"), "empty-label");
	assert_string_equal(fault_of("kms 01.contoso.com"), "illegal-character");
	assert_string_equal(fault_of("kms,01"), "illegal-character");
	assert_string_equal(fault_of("http://kms01.contoso.com"), "url");
	assert_string_equal(fault_of(label), "label-too-long");
	assert_string_equal(fault_of(name), "name-too-long");
}

struct form {
	const char *text, *host, *form, *why;
	uint16_t port;
};

static void reads_every_form_of_skms(void **state)
{
	static const struct form forms[] = {
		{ "kms01.contoso.com", "kms01.contoso.com", "fqdn", NULL, 1688 },
		{ "kms01.contoso.com:1700", "kms01.contoso.com", "fqdn", NULL, 1700 },
		{ "KMS01", "KMS01", "netbios", NULL, 1688 },
		{ "KMS01:65535", "KMS01", "netbios", NULL, 65535 },
		{ "[kms01]:1688", "kms01", "netbios", NULL, 1688 },
		{ "192.0.2.7", "192.0.2.7", "ipv4", NULL, 1688 },
		{ "192.0.2.7:99", "192.0.2.7", "ipv4", NULL, 99 },
		{ "2001:db8::7", "2001:db8::7", "ipv6", "ipv6-literal", 1688 },
		{ "[2001:db8::7]:1700", "2001:db8::7", "ipv6", "ipv6-literal", 1700 },
		{ "kms01:", "kms01", NULL, "port", 0 },
		{ "kms01:0", "kms01", NULL, "port", 0 },
		{ "kms01:65536", "kms01", NULL, "port", 0 },
		{ "kms01:http", "kms01", NULL, "port", 0 },
		{ "kms01:1 688", "kms01", NULL, "port", 0 },
		{ "http://kms01:1688/", NULL, NULL, "url", 0 },
		{ "kms 01", "kms 01", NULL, "illegal-character", 0 },
	};
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		const struct form *f = &forms[i];
		struct kms_host host;
		struct name_fault fault;
		bool ok = kms_host_parse(f->text, &host, &fault);
		assert_int_equal(ok, !f->why);
		if (f->why)
			assert_string_equal(fault.why, f->why);
		if (f->host)
			assert_string_equal(host.host, f->host);
		if (f->form)
			assert_string_equal(kms_host_form_name(host.form), f->form);
		if (f->port)
			assert_int_equal(host.port, f->port);
	}
}

static void names_a_character_that_nobody_sees(void **state)
{
	struct name_fault fault;
	assert_false(host_name_is_valid("kms 01", &fault));
	assert_string_equal(fault.detail, "U+0020");
	assert_false(host_name_is_valid("kms,01", &fault));
	assert_string_equal(fault.detail, ",");
	assert_false(host_name_is_valid("\xff\xfe.example", &fault));
	assert_string_equal(fault.detail, "U+00FF");
	assert_false(host_name_is_valid("kms\\03201.example", &fault));
	assert_string_equal(fault.detail, "\\");
	assert_true(host_name_is_valid("\\230\\157\\177.example", &fault));
}

static void keeps_the_address_of_an_address(void **state)
{
	struct kms_host host;
	struct name_fault fault;
	char text[CW_ADDR_TEXT];
	assert_true(kms_host_parse("192.0.2.7:1700", &host, &fault));
	assert_string_equal(cw_addr_port_text(&host.address, text), "192.0.2.7:1700");
}

static void bears_any_length(void **state)
{
	static char text[5000];
	struct kms_host host;
	struct name_fault fault;
	memset(text, 'x', sizeof(text) - 1);
	assert_false(kms_host_parse(text, &host, &fault));
	assert_true(strlen(host.host) < sizeof(host.host));
	assert_true(strlen(fault.detail) < sizeof(fault.detail));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_windows_takes),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(reads_every_form_of_skms),
		cmocka_unit_test(names_a_character_that_nobody_sees),
		cmocka_unit_test(keeps_the_address_of_an_address),
		cmocka_unit_test(bears_any_length),
	};
	return cmocka_run_group_tests_name("hostname", tests, NULL, NULL);
}
