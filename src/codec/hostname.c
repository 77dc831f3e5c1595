#include "codec/hostname.h"

#include <stdio.h>
#include <string.h>

enum { KMS_PORT = 1688 };

static bool fail(struct name_fault *fault, const char *why, const char *detail, size_t len)
{
	fault->why = why;
	if (len >= sizeof(fault->detail))
		len = sizeof(fault->detail) - 1;
	memcpy(fault->detail, detail, len);
	fault->detail[len] = '\0';
	return false;
}

/* The characters that DnsValidateName refuses in any form, and everything unprintable. */
static bool taken_by_windows(unsigned char c)
{
	return c > ' ' && c != 0x7f && !strchr("{|}~[\\]^':;<=>?@!\"#$%`()+/,*&", c);
}

/* A blank or control character is named by its number, for a reader would not see it. */
static bool refuse_character(struct name_fault *fault, const char *c)
{
	char number[8];
	if (*c > ' ' && *c != 0x7f)
		return fail(fault, "illegal-character", c, 1);
	(void)snprintf(number, sizeof(number), "U+%04X", (unsigned char)*c);
	return fail(fault, "illegal-character", number, strlen(number));
}

/* Bytes of one escaped octet over 127, "\227" (codec/dns.h), or of one UTF-8 character; 0: it
 * is neither. Windows DNS keeps names in UTF-8. */
static size_t beyond_ascii(const char *c)
{
	if (c[0] == '\\') {
		size_t digits = strspn(c + 1, "0123456789");
		int octet = digits < 3 ? 0 : (c[1] - '0') * 100 + (c[2] - '0') * 10 + (c[3] - '0');
		return octet >= 128 && octet <= 255 ? 4 : 0;
	}
	unsigned char lead = (unsigned char)*c;
	size_t len = lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : 2;
	if (lead < 0xc2 || lead >= 0xf5)
		return 0;
	for (size_t i = 1; i < len; i++)
		if (((unsigned char)c[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

static bool characters_are_valid(const char *name, struct name_fault *fault)
{
	for (const char *c = name; *c;) {
		size_t len = beyond_ascii(c);
		if (!len && ((unsigned char)*c > 0x7f || !taken_by_windows((unsigned char)*c)))
			return refuse_character(fault, c);
		c += len ? len : 1;
	}
	return true;
}

/* Octets on the wire: an escape is one. */
static size_t octets(const char *label, size_t len)
{
	size_t count = 0;
	for (size_t i = 0; i < len; count++)
		i += label[i] == '\\' ? 4 : 1;
	return count;
}

static bool labels_are_valid(const char *name, struct name_fault *fault)
{
	size_t wire = 1;
	for (const char *at = name; *at;) {
		size_t len = strcspn(at, ".");
		if (!len)
			return fail(fault, "empty-label", name, strlen(name));
		if (octets(at, len) > LIMIT_DNS_LABEL)
			return fail(fault, "label-too-long", at, len);
		wire += octets(at, len) + 1;
		at += len + (at[len] == '.');
	}
	if (wire > LIMIT_DNS_NAME_WIRE)
		return fail(fault, "name-too-long", name, strlen(name));
	return true;
}

bool host_name_is_valid(const char *name, struct name_fault *fault)
{
	*fault = (struct name_fault){ 0 };
	if (!*name || !strcmp(name, "."))
		return fail(fault, "empty", name, strlen(name));
	if (strstr(name, "://"))
		return fail(fault, "url", name, strlen(name));
	return characters_are_valid(name, fault) && labels_are_valid(name, fault);
}

bool host_name_is_address(const char *name, struct cw_addr *out)
{
	size_t len = strlen(name);
	char bare[CW_ADDR_TEXT];
	if (len < 2 || len >= sizeof(bare) + 2)
		return false;
	if (name[0] != '[' || name[len - 1] != ']')
		return cw_addr_parse(name, out);
	if (len - 2 >= sizeof(bare))
		return false;
	memcpy(bare, name + 1, len - 2);
	bare[len - 2] = '\0';
	return cw_addr_parse(bare, out);
}

/* Digits only, 1 to 65535; Windows takes no service names here. */
static bool port_parse(const char *text, uint16_t *out)
{
	unsigned long n = 0;
	if (!*text || strlen(text) > 5)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (unsigned long)(*text - '0');
	}
	if (!n || n > UINT16_MAX)
		return false;
	*out = (uint16_t)n;
	return true;
}

/* Where the host part ends: at the colon before a port, or at the end. */
static size_t host_part_len(const char *text)
{
	const char *close = *text == '[' ? strchr(text, ']') : NULL;
	if (close)
		return (size_t)(close - text) + 1;
	const char *colon = strchr(text, ':');
	if (colon && !strchr(colon + 1, ':'))
		return (size_t)(colon - text);
	return strlen(text); /* no colon, or a bare IPv6 address */
}

static void copy_host(struct kms_host *out, const char *text, size_t len)
{
	if (len > 1 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len >= sizeof(out->host))
		len = sizeof(out->host) - 1;
	memcpy(out->host, text, len);
	out->host[len] = '\0';
}

static bool judge_host(struct kms_host *out, struct name_fault *fault)
{
	if (cw_addr_parse(out->host, &out->address)) {
		bool v6 = out->address.family == CW_IPV6;
		out->form = v6 ? KMS_HOST_IPV6 : KMS_HOST_IPV4;
		out->address.port = out->port;
		return v6 ? fail(fault, "ipv6-literal", out->host, strlen(out->host)) : true;
	}
	out->form = strchr(out->host, '.') ? KMS_HOST_FQDN : KMS_HOST_NETBIOS;
	return host_name_is_valid(out->host, fault);
}

bool kms_host_parse(const char *text, struct kms_host *out, struct name_fault *fault)
{
	*fault = (struct name_fault){ 0 };
	*out = (struct kms_host){ .port = KMS_PORT };
	if (strstr(text, "://")) {
		copy_host(out, text, strlen(text));
		return fail(fault, "url", text, strlen(text));
	}
	size_t len = host_part_len(text);
	copy_host(out, text, len);
	const char *rest = text + len;
	if (*rest && (*rest != ':' || !port_parse(rest + 1, &out->port)))
		return fail(fault, "port", rest, strlen(rest));
	return judge_host(out, fault);
}

const char *kms_host_form_name(enum kms_host_form form)
{
	static const char *const names[] = {
		[KMS_HOST_FQDN] = "fqdn",
		[KMS_HOST_NETBIOS] = "netbios",
		[KMS_HOST_IPV4] = "ipv4",
		[KMS_HOST_IPV6] = "ipv6",
	};
	return names[form];
}
