/*
 * Macros and environment of a backend's run.  Pure.  Every value is passed as
 * one argument or variable; no shell ever reads it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delivery.h"

#define BACKEND_PATH \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct text {
	char	*s;
	size_t	 len;
	bool	 failed;
};

static void
text_add(struct text *t, const char *s, size_t n)
{
	char *grown;

	if (t->failed)
		return;
	if ((grown = realloc(t->s, t->len + n + 1)) == NULL) {
		t->failed = true;
		return;
	}
	memcpy(grown + t->len, s, n);
	t->s = grown;
	t->len += n;
	t->s[t->len] = '\0';
}

static const char *
bare_number(const char *number)
{
	return *number == '+' ? number + 1 : number;
}

/* The value of one macro; the local part is not NUL terminated. */
static const char *
macro_value(char macro, const struct delivery *d, size_t *n)
{
	const char *v;

	switch (macro) {
	case 'n':
		v = d->number;
		break;
	case 'N':
		v = bare_number(d->number);
		break;
	case 'r':
		v = d->recipient;
		break;
	case 'l':
		*n = addr_local_len(d->recipient);
		return d->recipient;
	case 'd':
		v = addr_domain(d->recipient);
		break;
	case 's':
		v = d->sender;
		break;
	case 'u':
		v = d->user;
		break;
	case 'a':
		v = d->account;
		break;
	case 'c':
		v = d->channel;
		break;
	case 'i':
		v = d->client;
		break;
	case 'q':
		v = d->queue_id;
		break;
	default:
		v = "%";
		break;
	}
	*n = strlen(v);
	return v;
}

static char *
expand(const char *word, const struct delivery *d, bool *dash)
{
	struct text t = { 0 };
	const char *p, *v;
	size_t n;

	text_add(&t, "", 0);
	for (p = word; *p != '\0'; p++) {
		if (*p != '%' || p[1] == '\0') {
			text_add(&t, p, 1);
			continue;
		}
		v = macro_value(*++p, d, &n);
		if (t.len == 0 && n > 0 && *v == '-')
			*dash = true;
		text_add(&t, v, n);
	}
	if (!t.failed && !*dash)
		return t.s;
	free(t.s);
	return NULL;
}

char **
delivery_argv(const struct backend *b, const struct delivery *d, bool *dash)
{
	char **argv = calloc(b->command.n + 1, sizeof(*argv));
	size_t i;

	*dash = false;
	if (argv == NULL)
		return NULL;
	for (i = 0; i < b->command.n; i++)
		if ((argv[i] = expand(b->command.v[i], d, dash)) == NULL) {
			delivery_free(argv);
			return NULL;
		}
	return argv;
}

struct environment {
	char			**v;
	size_t			 n;
	bool			 failed;
	const struct strings	*own;
};

static bool
is_overridden(const struct strings *own, const char *name)
{
	size_t i, len = strlen(name);

	for (i = 0; i < own->n; i++)
		if (strncmp(own->v[i], name, len) == 0 &&
		    own->v[i][len] == '=')
			return true;
	return false;
}

static void
env_add(struct environment *e, const char *name, const char *value)
{
	if (is_overridden(e->own, name))
		return;
	if (asprintf(&e->v[e->n], "%s=%s", name, value) == -1) {
		e->v[e->n] = NULL;
		e->failed = true;
		return;
	}
	e->n++;
}

static void
env_fill(struct environment *e, const struct delivery *d)
{
	char size[24];

	snprintf(size, sizeof(size), "%" PRIu64, d->size);
	env_add(e, "PATH", BACKEND_PATH);
	env_add(e, "LC_ALL", "C.UTF-8");
	env_add(e, "LMTPD_SENDER", d->sender);
	env_add(e, "LMTPD_RECIPIENT", d->recipient);
	env_add(e, "LMTPD_ORIGINAL_RECIPIENT", d->original);
	env_add(e, "LMTPD_NUMBER", d->number);
	env_add(e, "LMTPD_USER", d->user);
	env_add(e, "LMTPD_ACCOUNT", d->account);
	env_add(e, "LMTPD_CHANNEL", d->channel);
	env_add(e, "LMTPD_CLIENT_ADDRESS", d->client);
	env_add(e, "LMTPD_CLIENT_HELO", d->helo);
	env_add(e, "LMTPD_CLIENT_NAME", d->name);
	env_add(e, "LMTPD_QUEUE_ID", d->queue_id);
	env_add(e, "LMTPD_SIZE", size);
	env_add(e, "LMTPD_SPF", d->spf);
	env_add(e, "LMTPD_DELIVERY_ID", d->id);
	env_add(e, "LMTPD_STATE_DIR", d->state_dir);
}

#define ENV_OURS	17	/* lines of env_fill() */

char **
delivery_env(const struct backend *b, const struct delivery *d)
{
	struct environment e = { .own = &b->environment };
	size_t i;

	e.v = calloc(ENV_OURS + b->environment.n + 1, sizeof(*e.v));
	if (e.v == NULL)
		return NULL;
	env_fill(&e, d);
	for (i = 0; i < b->environment.n && !e.failed; i++)
		if ((e.v[e.n] = strdup(b->environment.v[i])) == NULL)
			e.failed = true;
		else
			e.n++;
	if (!e.failed)
		return e.v;
	delivery_free(e.v);
	return NULL;
}

void
delivery_free(char **v)
{
	char **p;

	if (v == NULL)
		return;
	for (p = v; *p != NULL; p++)
		freezero(*p, strlen(*p));
	free(v);
}
