#include "base/outcome.h"
#include "base/ec.h"

#define AS_NAME(id, name, text) [id] = name,
#define AS_TEXT(id, name, text) [id] = text,
#define EC_TEXT(id, text)       [id] = text,

static const char *const outcome_names[] = { CW_OUTCOME_LIST(AS_NAME) };
static const char *const outcome_texts[] = { CW_OUTCOME_LIST(AS_TEXT) };
static const char *const ec_texts[] = { CW_EC_LIST(EC_TEXT) };

const char *cw_outcome_name(enum cw_outcome o)
{
	return (unsigned)o < CW_OUT_COUNT ? outcome_names[o] : outcome_names[CW_OUT_UNKNOWN];
}

const char *cw_outcome_text(enum cw_outcome o)
{
	return (unsigned)o < CW_OUT_COUNT ? outcome_texts[o] : outcome_texts[CW_OUT_UNKNOWN];
}

const char *cw_ec_text(enum cw_ec ec)
{
	return (unsigned)ec < CW_EC_COUNT ? ec_texts[ec] : "unknown error";
}
