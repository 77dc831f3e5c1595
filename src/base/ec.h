/*
 * Errors of our own: memory, arguments, files. What the network does is never
 * one of these; it is an outcome (base/outcome.h) that a fact carries.
 */
#ifndef CW_BASE_EC_H
#define CW_BASE_EC_H

#define CW_EC_LIST(X) \
	X(CW_OK, "ok") \
	X(CW_ENOMEM, "out of memory") \
	X(CW_EMALFORMED, "malformed input") \
	X(CW_EMORE, "more input is needed") \
	X(CW_ETOOBIG, "over a limit of this program") \
	X(CW_EINVAL, "unusable argument") \
	X(CW_EIO, "a file or socket could not be used") \
	X(CW_ENOTFOUND, "not found") \
	X(CW_EUNSUPPORTED, "not supported") \
	X(CW_ECANCELLED, "cancelled")

#define CW_EC_AS_ENUM(id, text) id,
enum cw_ec { CW_EC_LIST(CW_EC_AS_ENUM) CW_EC_COUNT };
#undef CW_EC_AS_ENUM

/* The English text of an error; never NULL. */
const char *cw_ec_text(enum cw_ec ec);

#endif
