/*
 * Values of the configuration with a grammar of their own.  Trusts their
 * author, not his attention: a rule that would let everybody in, or nobody,
 * is an error.
 */
#include <ctype.h>
#include <string.h>

#include "conf_rule.h"
#include "conf_value.h"
#include "like.h"

int
rule_security(struct conf_errors *e, const struct conf_value *v,
    struct security *out)
{
	static const struct word words[] = {
		{ "none", SECURITY_NONE }, { "local", SECURITY_LOCAL },
		{ "spf", SECURITY_SPF }, { "google", SECURITY_GOOGLE },
		{ "outlook", SECURITY_OUTLOOK }, { "dkim", SECURITY_DKIM },
		{ "dmarc", SECURITY_DMARC }
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(v->text, words[i].word) == 0) {
			out->words |= words[i].value;
			return 0;
		}
	if (!isdigit((unsigned char)*v->text) &&
	    strchr(v->text, ':') == NULL) {
		conf_error(e, v->where, "security \"%s\": none, local, spf, "
		    "google, outlook, dkim, dmarc, an address or a network "
		    "would be right", v->text);
		return -1;
	}
	if (value_net(e, v, "security", &out->net[out->nets]) == -1)
		return -1;
	out->nets++;
	return 0;
}

struct like *
rule_pattern(struct conf_errors *e, const struct conf_value *v,
    const char *key)
{
	struct like_error error = { 0 };
	struct like *like = NULL;

	if (*v->text == '\0')
		conf_error(e, v->where, "%s: an empty pattern matches nothing: "
		    "write one such as \"*@sms.example.net\"", key);
	else if (!addr_clean(v->text, strlen(v->text)))
		conf_error(e, v->where, "%s \"%s\": a control character or "
		    "bad UTF-8: take it out", key, v->text);
	else if ((like = like_compile(v->text, strlen(v->text), LIKE_TEXT,
	    &error)) == NULL)
		conf_error(e, v->where, "%s \"%s\": %s: %s", key, v->text,
		    error.what == NULL ? "no memory" : error.what,
		    error.right == NULL ? "try again" : error.right);
	return like;
}

int
rule_number_pattern(struct conf_errors *e, const struct conf_value *v)
{
	const char *s = v->text;

	if (s[strspn(s, "+0123456789*?#[]!,-")] == '\0' && *s != '0')
		return 0;
	conf_error(e, v->where, "numbers \"%s\": no number matches this, a "
	    "pattern such as \"+41*\" or a short code would be right", s);
	return -1;
}

static const char *
macro_fault(const char *s, const char *macros)
{
	for (; (s = strchr(s, '%')) != NULL; s += 2)
		if (s[1] == '\0' || strchr(macros, s[1]) == NULL)
			return s;
	return NULL;
}

int
rule_command_word(struct conf_errors *e, const struct conf_value *v,
    const char *key, size_t i, const char *macros)
{
	const char *s = v->text, *bad;

	if (i > 0) {
		if ((bad = macro_fault(s, macros)) == NULL)
			return 0;
		conf_error(e, v->where, "%s: \"%.2s\" is no macro: \"%%\" goes "
		    "before one of %s", key, bad, macros);
		return -1;
	}
	if (*s == '\0' || *s == '-')
		conf_error(e, v->where, "%s: the first word is \"%s\": name a "
		    "program", key, s);
	else if (strchr(s, '%') != NULL)
		conf_error(e, v->where, "%s: the first word \"%s\" has a "
		    "\"%%\": mail must not choose the program, write its name",
		    key, s);
	else if (strchr(s, '/') != NULL && *s != '/')
		conf_error(e, v->where, "%s: \"%s\" is relative: write an "
		    "absolute path, or a bare name to have it looked for",
		    key, s);
	else
		return 0;
	return -1;
}

int
rule_environment(struct conf_errors *e, const struct conf_value *v)
{
	const char *s = v->text;
	size_t n = strcspn(s, "=");

	if (s[n] != '=' || n == 0 || isdigit((unsigned char)*s) ||
	    strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_") != n)
		conf_error(e, v->where, "environment: \"NAME=value\" would be "
		    "right, NAME of letters, digits and \"_\"");
	else if (strncmp(s, "LMTPD_", 6) == 0)
		conf_error(e, v->where, "environment: %.*s: lmtpd sets LMTPD_ "
		    "names itself, take another", (int)n, s);
	else
		return 0;
	return -1;
}
