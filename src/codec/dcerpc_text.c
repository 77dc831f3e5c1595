#include "codec/dcerpc.h"

#include <string.h>

/* First octets by which other protocols are known: text compared as it is, from an offset on. */
static const struct greeting {
	const char *protocol;
	size_t at, len;
	const char *octets;
} greetings[] = {
	/* clang-format off */
	{ "HTTP", 0, 5, "HTTP/" },
	{ "HTTP", 0, 5, "<html" },
	{ "HTTP", 0, 5, "<HTML" },
	{ "HTTP", 0, 9, "<!DOCTYPE" },
	{ "HTTP", 0, 9, "<!doctype" },
	{ "HTTP/2", 3, 6, "\x04\x00\x00\x00\x00\x00" }, /* RFC 9113 3.4: SETTINGS comes first */
	{ "SSH", 0, 4, "SSH-" },
	{ "SMTP or FTP", 0, 3, "220" },
	{ "SMTP or FTP", 0, 3, "421" },
	{ "SMTP or FTP", 0, 3, "500" },
	{ "SMTP or FTP", 0, 3, "502" },
	{ "SMTP or FTP", 0, 3, "554" },
	{ "POP3", 0, 3, "+OK" },
	{ "IMAP", 0, 4, "* OK" },
	{ "IMAP", 0, 5, "* BYE" },
	{ "SMB", 4, 4, "\xffSMB" },
	{ "SMB", 4, 4, "\xfeSMB" },
	{ "RDP", 0, 2, "\x03\x00" }, /* RFC 1006: TPKT */
	{ "VNC", 0, 4, "RFB " },
	{ "Telnet", 0, 2, "\xff\xfb" },
	{ "Telnet", 0, 2, "\xff\xfc" },
	{ "Telnet", 0, 2, "\xff\xfd" },
	{ "Telnet", 0, 2, "\xff\xfe" },
	{ "SOCKS", 0, 2, "\x05\xff" }, /* RFC 1928 3: none of the methods */
	{ "echo", 0, 4, "\x05\x00\x0b\x03" }, /* our own bind */
	/* clang-format on */
};

/* RFC 8446 5.1: alert or handshake, version 3.0 .. 3.4, a length that one record may have. */
static bool is_tls(const uint8_t *buf, size_t len)
{
	return len >= 5 && (buf[0] == 0x15 || buf[0] == 0x16) && buf[1] == 3 && buf[2] <= 4 &&
	       buf[3] <= 0x48;
}

const char *dcerpc_guess_other(const uint8_t *buf, size_t len)
{
	if (is_tls(buf, len))
		return "TLS";
	for (size_t i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++) {
		const struct greeting *g = &greetings[i];
		if (len >= g->at + g->len && memcmp(buf + g->at, g->octets, g->len) == 0)
			return g->protocol;
	}
	return NULL;
}

struct named {
	uint32_t value;
	const char *name;
};

static const char *name_of(const struct named *table, size_t count, uint32_t value)
{
	for (size_t i = 0; i < count; i++) {
		if (table[i].value == value)
			return table[i].name;
	}
	return "unknown reason";
}

#define NAME_OF(table, value) name_of((table), sizeof(table) / sizeof((table)[0]), (value))

/* C706 12.6.3.1 p_reject_reason_t; 8 and 9 are MS-RPCE 2.2.2.5. */
static const struct named reject_reasons[] = {
	{ 0, "reason not specified" },
	{ 1, "temporary congestion" },
	{ 2, "local limit exceeded" },
	{ 3, "called address unknown" },
	{ 4, "protocol version not supported" },
	{ 5, "default context not supported" },
	{ 6, "user data not readable" },
	{ 7, "no address available" },
	{ 8, "authentication type not recognized" },
	{ 9, "invalid checksum" },
};

const char *dcerpc_reject_reason_name(uint32_t reason)
{
	return NAME_OF(reject_reasons, reason);
}

/* C706 12.6.3.1 p_provider_reason_t */
static const struct named provider_reasons[] = {
	{ DCERPC_REASON_NONE, "reason not specified" },
	{ DCERPC_ABSTRACT_SYNTAX_NOT_SUPPORTED, "abstract syntax not supported" },
	{ DCERPC_TRANSFER_SYNTAXES_NOT_SUPPORTED, "transfer syntaxes not supported" },
	{ DCERPC_LOCAL_LIMIT_EXCEEDED, "local limit exceeded" },
};

const char *dcerpc_provider_reason_name(uint32_t reason)
{
	return NAME_OF(provider_reasons, reason);
}

/* C706 appendix E; 5 and 0x6d1 are Windows error codes that its runtime sends. */
static const struct named fault_statuses[] = {
	{ 5, "access denied" },
	{ 0x000006d1, "procedure number out of range" },
	{ 0x1c010002, "procedure number out of range" },
	{ 0x1c010003, "unknown interface" },
	{ 0x1c01000b, "protocol error" },
	{ 0x1c010014, "server too busy" },
	{ 0x1c010017, "unsupported type" },
	{ 0x1c00001c, "invalid presentation context" },
};

const char *dcerpc_fault_name(uint32_t status)
{
	return NAME_OF(fault_statuses, status);
}
