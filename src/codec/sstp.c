#include "codec/sstp.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/rd.h"

enum {
	VERSION_1_0 = 0x10,
	CONTROL_BIT = 0x01,
	LENGTH_MASK = 0x0fff, /* the four bits above are reserved */
	ATTRIBUTE_HEADER = 4,
	STATUS_HEAD = 8,  /* reserved, attribute, status */
	STATUS_SHORT = 4, /* the status alone, as sorz/sstp-server sends it */
	BINDING_REQUEST_LEN = 36,
	BINDING_LEN = 100,
};

const char sstp_http_path[] = "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/";
const char sstp_http_method[] = "SSTP_DUPLEX_POST";
const char sstp_http_server[] = "Microsoft-HTTPAPI/2.0";

enum cw_ec sstp_packet_next(const uint8_t *buf, size_t len, struct sstp_packet *out)
{
	if (len >= 1 && buf[0] != VERSION_1_0)
		return CW_EMALFORMED;
	if (len < SSTP_HEADER)
		return CW_EMORE;
	bool control = buf[1] & CONTROL_BIT;
	size_t whole = (size_t)(buf[2] << 8 | buf[3]) & LENGTH_MASK;
	if (whole < (control ? SSTP_CONTROL_HEADER : SSTP_HEADER))
		return CW_EMALFORMED;
	if (len < whole)
		return CW_EMORE;
	*out = (struct sstp_packet){
		.control = control,
		.payload = buf + SSTP_HEADER,
		.payload_len = whole - SSTP_HEADER,
		.len = whole,
	};
	return CW_OK;
}

static enum cw_ec read_attribute(struct cw_rd *r, struct sstp_control *out)
{
	cw_rd_u8(r); /* reserved */
	uint8_t id = cw_rd_u8(r);
	size_t len = cw_rd_be16(r) & LENGTH_MASK;
	if (r->bad || len < ATTRIBUTE_HEADER)
		return CW_EMALFORMED;
	const uint8_t *value = cw_rd_take(r, len - ATTRIBUTE_HEADER);
	if (!value)
		return CW_EMALFORMED;
	if (out->count == SSTP_ATTRIBUTES)
		return CW_ETOOBIG;
	out->attribute[out->count++] = (struct sstp_attribute){
		.id = id,
		.value = value,
		.len = len - ATTRIBUTE_HEADER,
	};
	return CW_OK;
}

enum cw_ec sstp_control_decode(const struct sstp_packet *p, struct sstp_control *out)
{
	struct cw_rd r = cw_rd_of(p->payload, p->payload_len);
	*out = (struct sstp_control){ .type = cw_rd_be16(&r) };
	out->announced = cw_rd_be16(&r);
	if (!p->control || r.bad)
		return CW_EMALFORMED;
	for (unsigned i = 0; i < out->announced; i++) {
		enum cw_ec ec = read_attribute(&r, out);
		if (ec != CW_OK)
			return ec;
	}
	return CW_OK;
}

static const struct sstp_attribute *find(const struct sstp_control *c, uint8_t id)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->attribute[i].id == id)
			return &c->attribute[i];
	}
	return NULL;
}

/* The first attribute of the kind, which has exactly len octets. */
static enum cw_ec find_exact(const struct sstp_control *c, uint8_t id, size_t len,
			     struct cw_rd *out)
{
	const struct sstp_attribute *a = find(c, id);
	if (!a)
		return CW_ENOTFOUND;
	if (a->len != len)
		return CW_EMALFORMED;
	*out = cw_rd_of(a->value, a->len);
	return CW_OK;
}

enum cw_ec sstp_get_protocol(const struct sstp_control *c, uint16_t *protocol)
{
	struct cw_rd r;
	enum cw_ec ec = find_exact(c, SSTP_ATTR_PROTOCOL, 2, &r);
	if (ec == CW_OK)
		*protocol = cw_rd_be16(&r);
	return ec;
}

enum cw_ec sstp_get_binding_request(const struct sstp_control *c, struct sstp_binding_request *out)
{
	struct cw_rd r;
	enum cw_ec ec = find_exact(c, SSTP_ATTR_BINDING_REQUEST, BINDING_REQUEST_LEN, &r);
	if (ec != CW_OK)
		return ec;
	cw_rd_take(&r, 3); /* reserved */
	out->hashes = cw_rd_u8(&r);
	memcpy(out->nonce, cw_rd_take(&r, SSTP_NONCE), SSTP_NONCE);
	return CW_OK;
}

enum cw_ec sstp_get_binding(const struct sstp_control *c, struct sstp_binding *out)
{
	struct cw_rd r;
	enum cw_ec ec = find_exact(c, SSTP_ATTR_BINDING, BINDING_LEN, &r);
	if (ec != CW_OK)
		return ec;
	cw_rd_take(&r, 3); /* reserved */
	out->hash = cw_rd_u8(&r);
	memcpy(out->nonce, cw_rd_take(&r, SSTP_NONCE), SSTP_NONCE);
	memcpy(out->cert_hash, cw_rd_take(&r, SSTP_HASH_MOST), SSTP_HASH_MOST);
	memcpy(out->mac, cw_rd_take(&r, SSTP_HASH_MOST), SSTP_HASH_MOST);
	return CW_OK;
}

/* An attribute with ID 0 stands for a status too: sorz/sstp-server's Disconnect has one. */
static bool is_status(const struct sstp_attribute *a)
{
	return a->id == SSTP_ATTR_STATUS || (a->id == SSTP_ATTR_NONE && a->len == STATUS_SHORT);
}

static enum cw_ec read_status(const struct sstp_attribute *a, struct sstp_status_info *out)
{
	struct cw_rd r = cw_rd_of(a->value, a->len);
	*out = (struct sstp_status_info){ 0 };
	if (a->len == STATUS_SHORT) {
		out->status = cw_rd_be32(&r);
		return CW_OK;
	}
	cw_rd_take(&r, 3); /* reserved */
	out->attribute = cw_rd_u8(&r);
	out->status = cw_rd_be32(&r);
	if (r.bad)
		return CW_EMALFORMED;
	out->value_len = r.left;
	out->value = r.left ? r.p : NULL;
	return CW_OK;
}

enum cw_ec sstp_get_status(const struct sstp_control *c, size_t nth, struct sstp_status_info *out)
{
	for (size_t i = 0; i < c->count; i++) {
		if (!is_status(&c->attribute[i]) || nth--)
			continue;
		struct sstp_status_info info;
		enum cw_ec ec = read_status(&c->attribute[i], &info);
		if (ec == CW_OK)
			*out = info;
		return ec;
	}
	return CW_ENOTFOUND;
}

/* What is wrong with one attribute of a Connect Request; NO_ERROR: nothing. */
static struct sstp_status_info fault_of(const struct sstp_attribute *a, bool seen)
{
	struct sstp_status_info f = { .attribute = a->id };
	if (a->id == SSTP_ATTR_STATUS) {
		f.status = SSTP_STATUS_INFO_NOT_SUPPORTED_IN_MSG;
	} else if (a->id != SSTP_ATTR_PROTOCOL) {
		f.status = SSTP_UNRECOGNIZED_ATTRIBUTE;
	} else if (seen) {
		f.status = SSTP_DUPLICATE_ATTRIBUTE;
	} else if (a->len != 2) {
		f.status = SSTP_INVALID_ATTRIB_VALUE_LENGTH;
	} else if (a->value[0] || a->value[1] != SSTP_PPP) {
		f.status = SSTP_VALUE_NOT_SUPPORTED;
		f.value = a->value;
		f.value_len = a->len;
	}
	return f;
}

size_t sstp_connect_request_faults(const struct sstp_control *c,
				   struct sstp_status_info fault[SSTP_ATTRIBUTES + 1])
{
	size_t count = 0;
	bool seen = false;
	for (size_t i = 0; i < c->count; i++) {
		struct sstp_status_info f = fault_of(&c->attribute[i], seen);
		seen = seen || c->attribute[i].id == SSTP_ATTR_PROTOCOL;
		if (f.status != SSTP_NO_ERROR)
			fault[count++] = f;
	}
	if (!seen)
		fault[count++] = (struct sstp_status_info){
			.attribute = SSTP_ATTR_PROTOCOL,
			.status = SSTP_REQUIRED_ATTRIBUTE_MISSING,
		};
	return count;
}

/* Writers */

static size_t open_packet(struct cw_wr *w, uint8_t flags)
{
	cw_wr_u8(w, VERSION_1_0);
	cw_wr_u8(w, flags);
	return cw_wr_open16(w);
}

static void close_packet(struct cw_wr *w, size_t body)
{
	if (w->len - body + SSTP_HEADER > SSTP_PACKET_MOST)
		w->bad = true;
	cw_wr_close16(w, body, SSTP_HEADER);
}

void sstp_control_put(struct cw_wr *w, uint16_t type, const struct sstp_attribute *attribute,
		      size_t count)
{
	size_t body = open_packet(w, CONTROL_BIT);
	cw_wr_be16(w, type);
	cw_wr_be16(w, (uint16_t)count);
	for (size_t i = 0; i < count; i++) {
		if (attribute[i].len > SSTP_PACKET_MOST)
			w->bad = true;
		cw_wr_u8(w, 0);
		cw_wr_u8(w, attribute[i].id);
		cw_wr_be16(w, (uint16_t)(attribute[i].len + ATTRIBUTE_HEADER));
		cw_wr_bytes(w, attribute[i].value, attribute[i].len);
	}
	close_packet(w, body);
}

void sstp_data_put(struct cw_wr *w, const void *frame, size_t len)
{
	size_t body = open_packet(w, 0);
	cw_wr_bytes(w, frame, len);
	close_packet(w, body);
}

void sstp_connect_request_put(struct cw_wr *w, uint16_t protocol)
{
	uint8_t value[2] = { (uint8_t)(protocol >> 8), (uint8_t)protocol };
	struct sstp_attribute a = { SSTP_ATTR_PROTOCOL, value, sizeof(value) };
	sstp_control_put(w, SSTP_CONNECT_REQUEST, &a, 1);
}

void sstp_connect_ack_put(struct cw_wr *w, const struct sstp_binding_request *b)
{
	uint8_t value[BINDING_REQUEST_LEN] = { [3] = b->hashes };
	memcpy(value + 4, b->nonce, SSTP_NONCE);
	struct sstp_attribute a = { SSTP_ATTR_BINDING_REQUEST, value, sizeof(value) };
	sstp_control_put(w, SSTP_CONNECT_ACK, &a, 1);
}

void sstp_connected_put(struct cw_wr *w, const struct sstp_binding *b)
{
	uint8_t value[BINDING_LEN] = { [3] = b->hash };
	memcpy(value + 4, b->nonce, SSTP_NONCE);
	memcpy(value + 36, b->cert_hash, SSTP_HASH_MOST);
	memcpy(value + 68, b->mac, SSTP_HASH_MOST);
	struct sstp_attribute a = { SSTP_ATTR_BINDING, value, sizeof(value) };
	sstp_control_put(w, SSTP_CONNECTED, &a, 1);
}

static void put_statuses(struct cw_wr *w, enum sstp_type type,
			 const struct sstp_status_info *status, size_t count)
{
	uint8_t value[SSTP_ATTRIBUTES + 1][STATUS_HEAD + SSTP_STATUS_VALUE_MOST];
	struct sstp_attribute a[SSTP_ATTRIBUTES + 1];
	assert(count <= SSTP_ATTRIBUTES + 1);
	for (size_t i = 0; i < count; i++) {
		struct cw_wr v = cw_wr_of(value[i], sizeof(value[i]));
		size_t len = status[i].value_len;
		cw_wr_be16(&v, 0);
		cw_wr_u8(&v, 0);
		cw_wr_u8(&v, status[i].attribute);
		cw_wr_be32(&v, status[i].status);
		cw_wr_bytes(&v, status[i].value,
			    len < SSTP_STATUS_VALUE_MOST ? len : SSTP_STATUS_VALUE_MOST);
		a[i] = (struct sstp_attribute){ SSTP_ATTR_STATUS, value[i], v.len };
	}
	sstp_control_put(w, (uint16_t)type, a, count);
}

void sstp_connect_nak_put(struct cw_wr *w, const struct sstp_status_info *status, size_t count)
{
	put_statuses(w, SSTP_CONNECT_NAK, status, count);
}

void sstp_end_put(struct cw_wr *w, enum sstp_type type, const struct sstp_status_info *status)
{
	assert(type == SSTP_ABORT || type == SSTP_DISCONNECT);
	put_statuses(w, type, status, status ? 1 : 0);
}

void sstp_bare_put(struct cw_wr *w, enum sstp_type type)
{
	sstp_control_put(w, (uint16_t)type, NULL, 0);
}

/* Names */

const char *sstp_type_name(uint16_t type)
{
	static const char *const names[] = {
		[SSTP_CONNECT_REQUEST] = "CALL_CONNECT_REQUEST",
		[SSTP_CONNECT_ACK] = "CALL_CONNECT_ACK",
		[SSTP_CONNECT_NAK] = "CALL_CONNECT_NAK",
		[SSTP_CONNECTED] = "CALL_CONNECTED",
		[SSTP_ABORT] = "CALL_ABORT",
		[SSTP_DISCONNECT] = "CALL_DISCONNECT",
		[SSTP_DISCONNECT_ACK] = "CALL_DISCONNECT_ACK",
		[SSTP_ECHO_REQUEST] = "ECHO_REQUEST",
		[SSTP_ECHO_RESPONSE] = "ECHO_RESPONSE",
	};
	return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

const char *sstp_status_name(uint32_t status)
{
	static const char *const names[] = {
		[SSTP_NO_ERROR] = "NO_ERROR",
		[SSTP_DUPLICATE_ATTRIBUTE] = "DUPLICATE_ATTRIBUTE",
		[SSTP_UNRECOGNIZED_ATTRIBUTE] = "UNRECOGNIZED_ATTRIBUTE",
		[SSTP_INVALID_ATTRIB_VALUE_LENGTH] = "INVALID_ATTRIB_VALUE_LENGTH",
		[SSTP_VALUE_NOT_SUPPORTED] = "VALUE_NOT_SUPPORTED",
		[SSTP_UNACCEPTED_FRAME_RECEIVED] = "UNACCEPTED_FRAME_RECEIVED",
		[SSTP_RETRY_COUNT_EXCEEDED] = "RETRY_COUNT_EXCEEDED",
		[SSTP_INVALID_FRAME_RECEIVED] = "INVALID_FRAME_RECEIVED",
		[SSTP_NEGOTIATION_TIMEOUT] = "NEGOTIATION_TIMEOUT",
		[SSTP_ATTRIB_NOT_SUPPORTED_IN_MSG] = "ATTRIB_NOT_SUPPORTED_IN_MSG",
		[SSTP_REQUIRED_ATTRIBUTE_MISSING] = "REQUIRED_ATTRIBUTE_MISSING",
		[SSTP_STATUS_INFO_NOT_SUPPORTED_IN_MSG] = "STATUS_INFO_NOT_SUPPORTED_IN_MSG",
	};
	return status < sizeof(names) / sizeof(names[0]) ? names[status] : NULL;
}

const char *sstp_attribute_name(uint8_t id)
{
	static const char *const names[] = {
		[SSTP_ATTR_NONE] = "NO_ERROR",
		[SSTP_ATTR_PROTOCOL] = "ENCAPSULATED_PROTOCOL_ID",
		[SSTP_ATTR_STATUS] = "STATUS_INFO",
		[SSTP_ATTR_BINDING] = "CRYPTO_BINDING",
		[SSTP_ATTR_BINDING_REQUEST] = "CRYPTO_BINDING_REQ",
	};
	return id < sizeof(names) / sizeof(names[0]) ? names[id] : NULL;
}

/* HTTP */

/* RFC 9562 5.4 */
char *sstp_correlation_id(const uint8_t random[16], char out[SSTP_CORRELATION_ID])
{
	uint8_t b[16];
	memcpy(b, random, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(out, SSTP_CORRELATION_ID,
		 "{%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X}", b[0],
		 b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
		 b[14], b[15]);
	return out;
}

void sstp_http_request_put(struct cw_wr *w, const char *host, const char *correlation_id)
{
	http_request_put(w, sstp_http_method, sstp_http_path);
	http_header_put(w, "Host", host);
	http_header_put_number(w, "Content-Length", UINT64_MAX);
	if (correlation_id)
		http_header_put(w, "SSTPCORRELATIONID", correlation_id);
	http_head_end(w);
}

/* At most four fields: sstp-client stores seven. */
void sstp_http_answer_put(struct cw_wr *w, const char *date)
{
	http_status_put(w, 200, http_status_text(200));
	http_header_put_number(w, "Content-Length", UINT64_MAX);
	http_header_put(w, "Server", sstp_http_server);
	if (date)
		http_header_put(w, "Date", date);
	http_head_end(w);
}

/* The path alone counts: behind it may be ?tenantid= (MS-SSTP 3.2.4.1). Servers take any case. */
static bool is_sstp_path(const char *target)
{
	size_t len = strcspn(target, "?");
	return len == strlen(sstp_http_path) && strncasecmp(target, sstp_http_path, len) == 0;
}

int sstp_http_request_refusal(const struct http_head *h)
{
	if (h->major != 1 || h->minor != 1)
		return 505;
	if (strcasecmp(h->method, sstp_http_method) != 0)
		return 501;
	if (!is_sstp_path(h->target))
		return 404;
	return h->body == HTTP_BODY_STREAM ? 0 : 400;
}

const char *sstp_http_correlation_id(const struct http_head *h)
{
	return http_header_get(h, "SSTPCORRELATIONID");
}
