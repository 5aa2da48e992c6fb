/*
 * Single values of the configuration, read and checked.  Trusts their author,
 * not his attention: what is doubtful is an error that says what would be
 * right.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_value.h"
#include "email.h"
#include "idn.h"

#define NAME_MAX_LEN	64
#define USER_MAX_LEN	255
#define RATE_MAX	100000	/* RATE_COUNT_MAX of rate.h */
#define DAYS_MAX	3660

static const struct word units[] = {
	{ "second", 1 }, { "seconds", 1 }, { "minute", 60 },
	{ "minutes", 60 }, { "hour", 3600 }, { "hours", 3600 },
	{ "day", 86400 }, { "days", 86400 }
};

/* Digits at the head of s; NULL where they are no plain decimal number. */
static const char *
read_digits(const char *s, unsigned long long *out)
{
	char *end;

	if (!isdigit((unsigned char)*s) ||
	    (*s == '0' && isdigit((unsigned char)s[1])))
		return NULL;
	errno = 0;
	*out = strtoull(s, &end, 10);
	return errno == 0 ? end : NULL;
}

int
value_number(struct conf_errors *e, const struct conf_value *v,
    const char *key, unsigned long long lo, unsigned long long hi,
    unsigned long long *out)
{
	unsigned long long n;
	const char *end = read_digits(v->text, &n);

	if (end == NULL || *end != '\0' || n < lo || n > hi) {
		conf_error(e, v->where, "%s = %s: a number from %llu to %llu "
		    "without a leading zero would be right", key, v->text, lo,
		    hi);
		return -1;
	}
	*out = n;
	return 0;
}

int
value_bool(struct conf_errors *e, const struct conf_value *v, const char *key,
    bool *out)
{
	static const struct word words[] = {
		{ "true", 1 }, { "yes", 1 }, { "on", 1 },
		{ "false", 0 }, { "no", 0 }, { "off", 0 }
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(v->text, words[i].word) == 0) {
			*out = words[i].value;
			return 0;
		}
	conf_error(e, v->where, "%s = \"%s\": true or false would be right",
	    key, v->text);
	return -1;
}

int
value_word(struct conf_errors *e, const struct conf_value *v, const char *key,
    const struct word *word, size_t n, unsigned int *out)
{
	char all[256] = "";
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(v->text, word[i].word) == 0) {
			*out = word[i].value;
			return 0;
		}
		if (i > 0)
			strlcat(all, i + 1 < n ? ", " : " or ", sizeof(all));
		strlcat(all, word[i].word, sizeof(all));
	}
	conf_error(e, v->where, "%s = \"%s\": %s would be right", key, v->text,
	    all);
	return -1;
}

static unsigned int
unit_seconds(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(name, units[i].word) == 0)
			return units[i].value;
	return 0;
}

int
value_duration(struct conf_errors *e, const struct conf_value *v,
    const char *key, unsigned long *out)
{
	unsigned long long n;
	const char *end = read_digits(v->text, &n);
	unsigned int unit;

	if (strcmp(v->text, "0") == 0) {
		*out = 0;
		return 0;
	}
	if (end == NULL || *end != ' ' ||
	    (unit = unit_seconds(end + 1)) == 0 ||
	    n > DAYS_MAX * 86400ULL / unit) {
		conf_error(e, v->where, "%s = \"%s\": 0 or a time such as "
		    "\"30 seconds\", \"5 minutes\", \"2 hours\" or "
		    "\"7 days\" would be right", key, v->text);
		return -1;
	}
	*out = (unsigned long)n * unit;
	return 0;
}

int
value_rate(struct conf_errors *e, const struct conf_value *v, const char *key)
{
	unsigned long long n;
	const char *end = read_digits(v->text, &n);

	if (*v->text == '\0')
		return 0;
	if (end == NULL || n == 0 || n > RATE_MAX || *end != '/' ||
	    end[strlen(end) - 1] == 's' || unit_seconds(end + 1) == 0) {
		conf_error(e, v->where, "%s = \"%s\": up to %d per second, "
		    "minute, hour or day, such as \"60/hour\", would be right",
		    key, v->text, RATE_MAX);
		return -1;
	}
	return 0;
}

/* The first byte that is not printable ASCII, or is a blank; or NULL. */
static const char *
odd_byte(const char *s)
{
	while (*s > ' ' && *s < 0x7f)
		s++;
	return *s == '\0' ? NULL : s;
}

int
value_name(struct conf_errors *e, const struct conf_value *v, const char *what)
{
	const char *s = v->text;

	if (*s != '\0' && strlen(s) <= NAME_MAX_LEN && *s != '-' &&
	    *s != '.' && odd_byte(s) == NULL && strchr(s, '/') == NULL)
		return 0;
	conf_error(e, v->where, "%s \"%s\": a name is 1 to %d printable ASCII "
	    "characters without blanks and \"/\", the first no \"-\" or \".\"",
	    what, s, NAME_MAX_LEN);
	return -1;
}

int
value_user(struct conf_errors *e, const struct conf_value *v, const char *key)
{
	const char *s = v->text;

	if (*s != '\0' && strlen(s) <= USER_MAX_LEN && *s != '-' &&
	    odd_byte(s) == NULL)
		return 0;
	conf_error(e, v->where, "%s = \"%s\": a name is 1 to %d printable "
	    "ASCII characters without blanks, the first no \"-\"", key, s,
	    USER_MAX_LEN);
	return -1;
}

int
value_domain(struct conf_errors *e, const struct conf_value *v,
    const char *key, char **out)
{
	char ascii[ADDR_MAX];
	const char *fault = NULL;

	if (idn_to_ascii(v->text, ascii, sizeof(ascii)) != 0)
		fault = "it has no ASCII form (IDNA): write it as "
		    "\"xn--...\"";
	else
		fault = email_domain_fault(ascii);
	if (fault != NULL) {
		conf_error(e, v->where, "%s \"%s\": %s", key, v->text, fault);
		return -1;
	}
	*out = conf_dup(ascii);
	return 0;
}

int
value_email(struct conf_errors *e, const struct conf_value *v, const char *key,
    char **out)
{
	char address[ADDR_MAX];
	const char *fault = email_read(v->text, strlen(v->text), address);

	if (fault != NULL) {
		conf_error(e, v->where, "%s \"%s\": %s", key, v->text, fault);
		return -1;
	}
	*out = conf_dup(address);
	return 0;
}

int
value_net(struct conf_errors *e, const struct conf_value *v, const char *key,
    struct ip_net *out)
{
	struct ip_net net;
	char ip[ADDR_IP_MAX];

	switch (ip_net_read(v->text, &net)) {
	case 0:
		*out = net;
		return 0;
	case 1:
		ip_write(&net.addr, ip);
		conf_error(e, v->where, "%s \"%s\": bits are set behind the "
		    "prefix, \"%s/%u\" would be right", key, v->text, ip,
		    net.bits);
		return -1;
	}
	conf_error(e, v->where, "%s \"%s\": an address or network such as "
	    "\"192.0.2.1\" or \"192.0.2.0/24\" would be right", key, v->text);
	return -1;
}
