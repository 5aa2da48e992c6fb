/*
 * Backends and channels out of the parsed configuration.  Trusts the author,
 * not his attention.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "conf_backend.h"
#include "conf_rule.h"
#include "conf_take.h"
#include "idn.h"

#ifndef LMTPD_DATADIR
#error "the build defines LMTPD_DATADIR"
#endif

#define MACROS		"nNrldsuaciq%"
#define COUNTRY_MAX	3
#define TRUNK_MAX	4
#define SEGMENTS_MAX	255	/* that a telephone puts together again */

/* A bare name is one of ours, wherever this was installed. */
static void
find_command(struct strings *command)
{
	const char *dir = getenv("LMTPD_DATADIR");
	char *path;

	if (command->n == 0 || command->v[0][0] == '/')
		return;
	if (asprintf(&path, "%s/%s", dir != NULL ? dir : LMTPD_DATADIR,
	    command->v[0]) == -1)
		err(EX_OSERR, NULL);
	free(command->v[0]);
	command->v[0] = path;
}

static void
make_command(struct conf_errors *e, const struct conf_node *node,
    struct backend *b)
{
	struct conf_value v;
	size_t i;

	b->command = conf_strings(node, "command");
	if (!node_is_set(node, "command"))
		conf_error(e, b->where, "backend \"%s\" has no "
		    "command: write command = {\"program\", \"argument\"}",
		    b->name);
	for (i = 0; node_value(node, "command", i, &v); i++)
		rule_command_word(e, &v, "command", i,
		    MACROS);
	find_command(&b->command);
}

static void
make_environment(struct conf_errors *e, const struct conf_node *node,
    struct backend *b)
{
	struct conf_value v;
	size_t i, j, n;

	b->environment = conf_strings(node, "environment");
	for (i = 0; node_value(node, "environment", i, &v); i++) {
		if (rule_environment(e, &v) == -1)
			continue;
		n = strcspn(v.text, "=") + 1;
		for (j = 0; j < i; j++)
			if (strncmp(b->environment.v[j], v.text, n) == 0)
				conf_error(e, v.where, "environment: "
				    "%.*s is set twice: keep one",
				    (int)n - 1, v.text);
	}
}

static unsigned int
make_input(struct conf_errors *e, const struct conf_node *node)
{
	static const struct word words[] = {
		{ "message", INPUT_MESSAGE }, { "body", INPUT_BODY },
		{ "text", INPUT_TEXT }
	};

	return take_word(e, node, "input", words,
	    sizeof(words) / sizeof(words[0]), INPUT_MESSAGE);
}

/* A list of strings; def, NULL terminated, where it is not set. */
static struct strings
take_strings(const struct conf_node *node, const char *key,
    const char *const *def)
{
	struct strings s = { 0 };
	size_t n;

	if (node_is_set(node, key))
		return conf_strings(node, key);
	for (n = 0; def[n] != NULL; n++)
		;
	s.v = conf_room(n + 1, sizeof(*s.v));
	for (; s.n < n; s.n++)
		s.v[s.n] = conf_dup(def[s.n]);
	return s;
}

/* "subject" and "body", each once. */
static void
check_parts(struct conf_errors *e, const struct conf_node *node)
{
	static const struct word words[] = { { "subject", 1 }, { "body", 2 } };
	unsigned int part, seen = 0;
	struct conf_value v;
	size_t i;

	for (i = 0; node_value(node, "text", i, &v); i++) {
		part = 0;
		if (value_word(e, &v, "text", words, 2, &part) == -1)
			continue;
		if (seen & part)
			conf_error(e, v.where, "text: \"%s\" is there twice: "
			    "keep one", v.text);
		seen |= part;
	}
	if (i == 0 && node_is_set(node, "text"))
		conf_error(e, node_where(node), "text = {} leaves nothing: "
		    "text = {\"subject\", \"body\"} would be right");
}

static void
check_cuts(struct conf_errors *e, const struct conf_node *node)
{
	struct conf_value v;
	size_t i;

	for (i = 0; node_value(node, "cut-at", i, &v); i++)
		like_free(rule_pattern(e, &v, "cut-at"));
}

/* What lmtptext is told. */
static void
make_text(struct conf_errors *e, const struct conf_node *node,
    struct backend *b)
{
	static const char *const keys[] = {
		"text", "cut-at", "max-segments", "overflow"
	};
	static const char *const parts[] = { "subject", "body", NULL };
	static const char *const cuts[] = { "-- ", NULL };
	static const struct word overflow[] = { { "refuse", 0 }, { "cut", 1 } };
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		b->text.written |= node_is_set(node, keys[i]);
	b->text.parts = take_strings(node, "text", parts);
	b->text.cut_at = take_strings(node, "cut-at", cuts);
	b->text.max_segments = (unsigned int)take_number(e, node,
	    "max-segments", 0, 0, SEGMENTS_MAX);
	b->text.cut = take_word(e, node, "overflow", overflow, 2, 0) != 0;
	check_parts(e, node);
	check_cuts(e, node);
}

static void
make_backend(struct conf_errors *e, const struct conf_node *node,
    struct backend *b)
{
	struct conf_value name = { node_title(node), node_where(node) };

	b->name = conf_dup(name.text);
	b->where = name.where;
	value_name(e, &name, "backend");
	make_command(e, node, b);
	b->input = make_input(e, node);
	make_text(e, node, b);
	b->timeout = (unsigned int)take_number(e, node, "timeout", 60,
	    1, SECONDS_MAX);
	b->parallel = (unsigned int)take_number(e, node, "parallel", 4,
	    1, 1000);
	make_environment(e, node, b);
	b->setuid = take_bool(e, node, "setuid", false);
}

void
conf_make_backends(struct policy *p, const struct conf_node *root,
    struct conf_errors *e)
{
	struct conf_node node;
	size_t i, n = node_count(root, "backend");

	p->backend = conf_room(n, sizeof(*p->backend));
	for (i = 0; i < n; i++) {
		node = node_at(root, "backend", i);
		make_backend(e, &node, &p->backend[i]);
		p->backends++;
	}
}

/* Mail servers hand over A-labels, or what this compares with ASCII case. */
static void
check_pattern_domain(struct conf_errors *e, const struct conf_value *v)
{
	const char *at = strrchr(v->text, '@'), *p;
	char ascii[ADDR_MAX];

	for (p = at; p != NULL && *p != '\0'; p++) {
		if ((unsigned char)*p <= 0x7f)
			continue;
		if (idn_to_ascii(at + 1, ascii, sizeof(ascii)) != 0)
			strlcpy(ascii, "xn--...", sizeof(ascii));
		conf_error(e, v->where, "recipient \"%s\": mail servers know "
		    "the domain by its ASCII form: write \"@%s\"", v->text,
		    ascii);
		return;
	}
}

static void
make_recipient(struct conf_errors *e, const struct conf_node *node,
    struct channel *ch)
{
	struct conf_value v;

	ch->pattern = conf_dup("");
	if (!node_value(node, "recipient", 0, &v)) {
		conf_error(e, ch->where, "channel \"%s\" has no recipient: "
		    "write recipient = \"*@sms.example.net\"", ch->name);
		return;
	}
	free(ch->pattern);
	ch->pattern = conf_dup(v.text);
	ch->recipient = rule_pattern(e, &v, "recipient");
	check_pattern_domain(e, &v);
}

static void
find_backend(struct conf_errors *e, const struct conf_node *node,
    const struct policy *p, struct channel *ch)
{
	struct conf_value v;
	size_t i;

	if (!node_value(node, "backend", 0, &v)) {
		conf_error(e, ch->where, "channel \"%s\" has no backend: "
		    "write backend = \"name\"", ch->name);
		return;
	}
	for (i = 0; i < p->backends; i++)
		if (strcmp(p->backend[i].name, v.text) == 0)
			ch->backend = &p->backend[i];
	if (ch->backend == NULL)
		conf_error(e, v.where, "there is no backend \"%s\": add "
		    "backend \"%s\" { command = {...} }, or name another",
		    v.text, v.text);
}

/* A prefix of up to max digits, may be "". */
static char *
take_prefix(struct conf_errors *e, const struct conf_node *node,
    const char *key, const char *def, size_t max, bool zero)
{
	struct conf_value v;

	if (!node_value(node, key, 0, &v))
		return conf_dup(def);
	if (strlen(v.text) > max ||
	    v.text[strspn(v.text, "0123456789")] != '\0' ||
	    (!zero && *v.text == '0'))
		conf_error(e, v.where, "%s = \"%s\": up to %zu digits%s would "
		    "be right", key, v.text, max, zero ? "" :
		    " without \"+\" or leading zeroes");
	return conf_dup(v.text);
}

static void
make_channel(struct conf_errors *e, const struct conf_node *node,
    const struct policy *p, struct channel *ch)
{
	struct conf_value name = { node_title(node), node_where(node) };

	ch->name = conf_dup(name.text);
	ch->where = name.where;
	value_name(e, &name, "channel");
	make_recipient(e, node, ch);
	find_backend(e, node, p, ch);
	ch->number = take_bool(e, node, "number", true);
	ch->country_code = take_prefix(e, node, "country-code", "",
	    COUNTRY_MAX, false);
	ch->trunk_prefix = take_prefix(e, node, "trunk-prefix", "0",
	    TRUNK_MAX, true);
	ch->auto_replies = take_bool(e, node, "auto-replies", false);
}

void
conf_make_channels(struct policy *p, const struct conf_node *root,
    struct conf_errors *e)
{
	struct conf_node node;
	size_t i, n = node_count(root, "channel");

	p->channel = conf_room(n, sizeof(*p->channel));
	for (i = 0; i < n; i++) {
		node = node_at(root, "channel", i);
		make_channel(e, &node, p, &p->channel[i]);
		p->channels++;
	}
}
