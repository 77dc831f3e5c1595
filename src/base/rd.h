/*
 * A reader over bytes from outside. Once a read would go past the end the
 * reader is bad for good and every later read yields zeros, so a decoder reads
 * like the format's table and checks once. Byte order is in every name.
 */
#ifndef CW_BASE_RD_H
#define CW_BASE_RD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cw_rd {
	const uint8_t *p; /* next byte, never past the end */
	size_t left;      /* bytes still readable */
	bool bad;         /* sticky: a read went past the end */
};

static inline struct cw_rd cw_rd_of(const void *buf, size_t len)
{
	return (struct cw_rd){ .p = buf, .left = len };
}

/* n bytes in place, or NULL; after the first failure every read fails. */
static inline const uint8_t *cw_rd_take(struct cw_rd *r, size_t n)
{
	if (r->bad || n > r->left) {
		r->bad = true;
		return NULL;
	}
	const uint8_t *at = r->p;
	r->p += n;
	r->left -= n;
	return at;
}

static inline uint8_t cw_rd_u8(struct cw_rd *r)
{
	const uint8_t *b = cw_rd_take(r, 1);
	return b ? b[0] : 0;
}

static inline uint16_t cw_rd_be16(struct cw_rd *r)
{
	const uint8_t *b = cw_rd_take(r, 2);
	if (!b)
		return 0;
	return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t cw_rd_be32(struct cw_rd *r)
{
	const uint8_t *b = cw_rd_take(r, 4);
	return b ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3] : 0;
}

static inline uint16_t cw_rd_le16(struct cw_rd *r)
{
	const uint8_t *b = cw_rd_take(r, 2);
	if (!b)
		return 0;
	return (uint16_t)(b[1] << 8 | b[0]);
}

static inline uint32_t cw_rd_le32(struct cw_rd *r)
{
	const uint8_t *b = cw_rd_take(r, 4);
	return b ? (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0] : 0;
}

/* The next n bytes as a reader of their own: a nested length cannot escape. */
static inline struct cw_rd cw_rd_part(struct cw_rd *r, size_t n)
{
	const uint8_t *at = cw_rd_take(r, n);
	return (struct cw_rd){ .p = at, .left = at ? n : 0, .bad = !at };
}

/* True when everything was read and nothing is left over. */
static inline bool cw_rd_ended(const struct cw_rd *r)
{
	return !r->bad && !r->left;
}

#endif
