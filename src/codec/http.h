/*
 * HTTP/1.1 messages (RFC 9110, RFC 9112), both sides: a reader that is fed bytes as they come, and
 * writers. No I/O. What is ambiguous enough to be read in two ways is refused.
 */
#ifndef CW_CODEC_HTTP_H
#define CW_CODEC_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/wr.h"

struct http_header {
	const char *name, *value; /* as sent, without white space around it */
};

enum http_body {
	HTTP_BODY_NONE,
	HTTP_BODY_LENGTH,
	HTTP_BODY_CHUNKED,
	HTTP_BODY_UNTIL_CLOSE,
	/* The connection belongs to another protocol from here on: a 2xx answer to CONNECT, 101, or
	 * a Content-Length of 2^64-1 (MS-SSTP 3.2.4.1). */
	HTTP_BODY_STREAM,
};

/* What stands before the body; lives in the reader. */
struct http_head {
	unsigned major, minor;       /* HTTP/1.1: 1, 1 */
	int status;                  /* of a response */
	const char *reason;          /* of a response, maybe "" */
	const char *method, *target; /* of a request */
	size_t header_count;
	struct http_header header[LIMIT_HTTP_HEADERS];
	enum http_body body;
	uint64_t content_length; /* with HTTP_BODY_LENGTH; else 0 */
	bool keep_alive;         /* the connection can take another request after the body */
};

enum http_step {
	HTTP_MORE,     /* everything was taken; more is needed */
	HTTP_HEAD,     /* once: the head is complete */
	HTTP_DATA,     /* a piece of the body: data, data_len */
	HTTP_END,      /* the message is complete; what was not taken is behind it */
	HTTP_BAD,      /* malformed; why says what */
	HTTP_NOT_HTTP, /* the first bytes are no HTTP; told as early as they show it */
	HTTP_TOO_BIG,  /* over a limit; why says which */
};

enum { HTTP_FIRST = 64 };

/* Open so that it can be a part of its owner; only what is marked so is for reading. */
struct http_reader {
	struct http_head head; /* from HTTP_HEAD on */
	const uint8_t *data;   /* with HTTP_DATA: within the bytes just fed */
	size_t data_len;
	const char *why;           /* English, with HTTP_BAD and HTTP_TOO_BIG */
	uint8_t first[HTTP_FIRST]; /* the first bytes as they came */
	size_t first_len;
	unsigned interim; /* 1xx answers that were passed over */

	/* private */
	bool response, head_request, connect_request;
	int phase;
	enum http_step last;
	uint64_t body_most, left, total;
	size_t line_len, trailer_len;
	size_t block_len;
	char block[LIMIT_HTTP_HEAD + 1];
};

/*
 * body_most: bytes of body that are handed out; one more ends with HTTP_TOO_BIG.
 * method: of the request that is answered, for its answer has no body after HEAD and CONNECT.
 */
void http_reader_init_response(struct http_reader *r, const char *method, uint64_t body_most);
void http_reader_init_request(struct http_reader *r, uint64_t body_most);

/*
 * Takes bytes and says what came first; *used of them were taken. Call it again with the rest (even
 * if that is empty after HTTP_HEAD: a message without body ends there) until it says HTTP_MORE,
 * HTTP_END or an error; those last three stay. Interim answers (1xx) are passed over.
 */
enum http_step http_reader_feed(struct http_reader *r, const uint8_t *buf, size_t len,
				size_t *used);
/* The peer hung up: HTTP_END where that ends the body or nothing is missing, else HTTP_BAD. */
enum http_step http_reader_close(struct http_reader *r);

/* The first value, or NULL. Names are compared without case. */
const char *http_header_get(const struct http_head *h, const char *name);
/* The next value of this name from header *at on, or NULL; *at moves behind it. Start with 0. */
const char *http_header_next(const struct http_head *h, const char *name, size_t *at);
/* A comma separated list in any of the headers of this name holds the token. */
bool http_header_has(const struct http_head *h, const char *name, const char *token);

/*
 * Writers. A CR, LF or NUL in any argument makes the writer bad, as does white space in a method or
 * target: no argument can add a header of its own. HTTP/1.1 unless put_version is used.
 */
void http_request_put(struct cw_wr *w, const char *method, const char *target);
void http_status_put(struct cw_wr *w, int status, const char *reason);
void http_status_put_version(struct cw_wr *w, unsigned major, unsigned minor, int status,
			     const char *reason);
void http_header_put(struct cw_wr *w, const char *name, const char *value);
void http_header_put_number(struct cw_wr *w, const char *name, uint64_t value);
void http_head_end(struct cw_wr *w);
void http_chunk_put(struct cw_wr *w, const void *data, size_t len); /* len 0: nothing */
void http_chunks_end(struct cw_wr *w);

/* The usual words of a status; "" if there are none. */
const char *http_status_text(int status);

/* RFC 9110 5.6.7: IMF-fixdate, RFC 850 and asctime forms. A year of two digits is one of 1970 to
 * 2069. */
bool http_date_parse(const char *text, int64_t *unix_s);
enum { HTTP_DATE = 40 };
/* "Sun, 06 Nov 1994 08:49:37 GMT"; out holds HTTP_DATE bytes. Years 0 to 9999. Returns out. */
char *http_date_text(int64_t unix_s, char *out);

#endif
