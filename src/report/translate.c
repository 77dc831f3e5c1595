#include "report/translate.h"

#include <string.h>
#include <strings.h>

const char *po_find(const struct po_entry *entries, size_t count, const char *msgid)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(msgid, entries[middle].msgid);
		if (!order)
			return entries[middle].msgstr;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return msgid;
}

/* The language of ours that a locale name such as "ja_JP.UTF-8" begins with, or NULL. */
static const char *language_of(const char *locale, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr("_.@", locale[i]))
			len = i;
	if (len == 2 && !strncasecmp(locale, "en", 2))
		return "en";
	for (const struct po_language *l = po_languages; l->name; l++)
		if (strlen(l->name) == len && !strncasecmp(locale, l->name, len))
			return l->name;
	return NULL;
}

bool language_is_known(const char *lang)
{
	return language_of(lang, strlen(lang)) && !strpbrk(lang, "_.@");
}

cw_translate *translate_for(const char *lang)
{
	for (const struct po_language *l = po_languages; l->name; l++)
		if (!strcasecmp(lang, l->name))
			return l->translate;
	return NULL;
}

static const char *first_of_list(const char *list)
{
	while (*list) {
		size_t len = strcspn(list, ":");
		const char *found = language_of(list, len);
		if (found)
			return found;
		list += len + (list[len] == ':');
	}
	return NULL;
}

/* The value of the first variable that is set and not empty. */
static const char *locale_name(language_getenv *get)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = get(names[i]);
		if (value && *value)
			return value;
	}
	return "C";
}

const char *language_of_environment(const char *arg, language_getenv *get)
{
	if (arg) {
		const char *asked = language_of(arg, strlen(arg));
		return asked ? asked : "en";
	}
	const char *locale = locale_name(get);
	if (!strcmp(locale, "C") || !strcmp(locale, "POSIX"))
		return "en";
	const char *list = get("LANGUAGE");
	const char *found = list ? first_of_list(list) : NULL;
	if (!found)
		found = language_of(locale, strlen(locale));
	return found ? found : "en";
}
