/*
 * A writer into a buffer of fixed size. A full buffer is one sticky error;
 * lengths that come before their body are opened and filled in on close.
 */
#ifndef CW_BASE_WR_H
#define CW_BASE_WR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cw_wr {
	uint8_t *base;
	size_t len, cap;
	bool bad; /* sticky: something did not fit */
};

static inline struct cw_wr cw_wr_of(void *buf, size_t cap)
{
	return (struct cw_wr){ .base = buf, .cap = cap };
}

/* Room for n bytes, or NULL. */
static inline uint8_t *cw_wr_room(struct cw_wr *w, size_t n)
{
	if (w->bad || n > w->cap - w->len) {
		w->bad = true;
		return NULL;
	}
	uint8_t *at = w->base + w->len;
	w->len += n;
	return at;
}

static inline void cw_wr_bytes(struct cw_wr *w, const void *src, size_t n)
{
	uint8_t *at = cw_wr_room(w, n);
	if (at && n)
		memcpy(at, src, n);
}

static inline void cw_wr_u8(struct cw_wr *w, uint8_t v)
{
	uint8_t *at = cw_wr_room(w, 1);
	if (at)
		at[0] = v;
}

static inline void cw_wr_be16(struct cw_wr *w, uint16_t v)
{
	uint8_t *at = cw_wr_room(w, 2);
	if (!at)
		return;
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static inline void cw_wr_be32(struct cw_wr *w, uint32_t v)
{
	cw_wr_be16(w, (uint16_t)(v >> 16));
	cw_wr_be16(w, (uint16_t)v);
}

static inline void cw_wr_le16(struct cw_wr *w, uint16_t v)
{
	cw_wr_be16(w, (uint16_t)(v << 8 | v >> 8));
}

static inline void cw_wr_le32(struct cw_wr *w, uint32_t v)
{
	cw_wr_le16(w, (uint16_t)v);
	cw_wr_le16(w, (uint16_t)(v >> 16));
}

/* Overwrites two bytes that were written before. */
static inline void cw_wr_put16_at(struct cw_wr *w, size_t at, uint16_t v)
{
	if (w->bad || at + 2 > w->len) {
		w->bad = true;
		return;
	}
	w->base[at] = (uint8_t)(v >> 8);
	w->base[at + 1] = (uint8_t)v;
}

/* A 16-bit big-endian length not known yet: open returns where its body starts. */
static inline size_t cw_wr_open16(struct cw_wr *w)
{
	cw_wr_be16(w, 0);
	return w->len;
}

/* Fills the length in. extra: bytes before the body that the length also counts. */
static inline void cw_wr_close16(struct cw_wr *w, size_t body, size_t extra)
{
	if (w->bad || w->len - body + extra > UINT16_MAX) {
		w->bad = true;
		return;
	}
	cw_wr_put16_at(w, body - 2, (uint16_t)(w->len - body + extra));
}

#endif
