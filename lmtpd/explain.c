/*
 * A dry run told.  Sender and message choose much of the text: for a terminal
 * it is escaped, for JSON the library quotes it.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delivery.h"
#include "explain.h"
#include "log.h"

#define SAFE_MAX	2048

static const char *
verdict_name(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_ACCEPT:
		return "accept";
	case VERDICT_REFUSE:
		return "reject";
	case VERDICT_AFTER_DATA:
		return "after DATA";
	default:
		return "defer";
	}
}

void
explain_step(void *arg, const char *text)
{
	struct explanation *e = arg;

	if (e->steps < EXPLAIN_STEPS_MAX &&
	    (e->step[e->steps] = strdup(text)) != NULL)
		e->steps++;
}

static void
line(const char *key, const char *value)
{
	char safe[SAFE_MAX];

	printf("%-12s%s\n", key, log_safe(safe, sizeof(safe), value));
}

static const char *
client_text(const struct origin *o, char *ip)
{
	ip_write(&o->client, ip);
	return o->local ? "local" : *ip != '\0' ? ip :
	    o->later ? "in the message" : "unknown";
}

static void
print_who(const struct explanation *e)
{
	const struct origin *o = e->evidence->origin;
	const struct decision *d = &e->decision;
	char ip[ADDR_IP_MAX], text[ADDR_IP_MAX + 64];

	snprintf(text, sizeof(text), "%s%s%s%s", client_text(o, ip),
	    *o->source != '\0' ? " (" : "", o->source,
	    *o->source != '\0' ? ")" : "");
	line("client", text);
	line("sender", *e->identity != '\0' ? e->identity : "<>");
	line("recipient", e->recipient);
	if (d->channel != NULL)
		line("channel", d->channel->name);
	if (d->source != NULL) {
		line("account", d->source->account->name);
		line("user", d->user);
	}
	if (d->number[0] != '\0')
		line("number", d->number);
}

static void
print_command(char **command)
{
	char safe[SAFE_MAX];
	char **word;

	printf("%-12s", "would run");
	for (word = command; *word != NULL; word++)
		printf("%s'%s'", word == command ? "" : " ",
		    log_safe(safe, sizeof(safe), *word));
	printf("\n");
}

void
explain_print(const struct explanation *e)
{
	const struct reason_words w = reason_reply(e->decision.reason,
	    e->enhanced, e->said);
	unsigned int i;

	print_who(e);
	for (i = 0; i < e->steps; i++)
		line(i == 0 ? "steps" : "", e->step[i]);
	printf("%-12s%s, %d %s %s (%s)\n", "verdict",
	    e->discarded ? "reject" : verdict_name(e->decision.verdict),
	    w.code, w.enhanced, w.text, w.name);
	if (e->decision.would_refuse)
		line("", "enforce = false: delivered all the same");
	if (e->discarded)
		line("", "refusals = \"proven\" and the sender is not: answered "
		    "250 and discarded");
	if (e->command != NULL)
		print_command(e->command);
}

static json_t *
json_list(char *const *v, size_t n)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(list, json_string(v[i]));
	return list;
}

static json_t *
json_client(const struct origin *o)
{
	char ip[ADDR_IP_MAX];

	ip_write(&o->client, ip);
	return json_pack("{s:s*, s:b, s:s*}", "address",
	    *ip != '\0' ? ip : NULL, "local", o->local, "source",
	    *o->source != '\0' ? o->source : NULL);
}

static json_t *
json_explanation(const struct explanation *e)
{
	const struct decision *d = &e->decision;
	const struct reason_words w = reason_reply(d->reason, e->enhanced,
	    e->said);
	size_t n = 0;

	while (e->command != NULL && e->command[n] != NULL)
		n++;
	return json_pack("{s:s, s:s, s:{s:i, s:s, s:s}, s:b, s:b, s:o, s:s, s:s, "
	    "s:s*, s:s*, s:s*, s:s*, s:o, s:o}",
	    "verdict", e->discarded ? "reject" : verdict_name(d->verdict),
	    "reason", w.name,
	    "reply", "code", w.code, "enhanced", w.enhanced, "text", w.text,
	    "would_refuse", d->would_refuse, "discarded", e->discarded,
	    "client", json_client(e->evidence->origin),
	    "sender", e->identity, "recipient", e->recipient,
	    "channel", d->channel != NULL ? d->channel->name : NULL,
	    "account", d->source != NULL ? d->source->account->name : NULL,
	    "user", d->user,
	    "number", d->number[0] != '\0' ? d->number : NULL,
	    "steps", json_list(e->step, e->steps),
	    "command", json_list(e->command, n));
}

int
explain_print_json(const struct explanation *e)
{
	json_t *object = json_explanation(e);

	if (object == NULL)
		return -1;
	json_dumpf(object, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	printf("\n");
	json_decref(object);
	return 0;
}

void
explain_free(struct explanation *e)
{
	unsigned int i;

	for (i = 0; i < e->steps; i++)
		free(e->step[i]);
	delivery_free(e->command);
}
