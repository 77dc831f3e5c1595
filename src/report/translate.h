/*
 * Languages are compiled in (po/): a message is found or not whatever locales
 * the machine has installed, and one process can speak several.
 */
#ifndef CW_REPORT_TRANSLATE_H
#define CW_REPORT_TRANSLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* "ja": Japanese; "en" or a language that we do not speak: NULL, which is English. */
cw_translate *translate_for(const char *lang);
/* Whether the language is one of ours: for --lang. */
bool language_is_known(const char *lang);

/* As getenv; NULL where it is not set. */
typedef const char *language_getenv(const char *name);
/*
 * The language to speak: "en" or a language of ours. arg is the value of
 * --lang, which must be known, or NULL: then the environment decides as for
 * gettext, LC_ALL before LC_MESSAGES before LANG, and LANGUAGE, a list by
 * preference, before them unless they say "C". Other than gettext we need no
 * installed locale, and English in the list counts as a language.
 */
const char *language_of_environment(const char *arg, language_getenv *get);

/* One entry of a table that tools/po2c.py makes, sorted by msgid as strcmp does. */
struct po_entry {
	const char *msgid, *msgstr;
};
struct po_language {
	const char *name;
	cw_translate *translate;
};
extern const struct po_language po_languages[]; /* ends with a NULL name */
/* The msgstr, or msgid itself. */
const char *po_find(const struct po_entry *entries, size_t count, const char *msgid);

#endif
