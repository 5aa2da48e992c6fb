/*
 * A key of a section, with its default.  Trusts the author of the files, not
 * his attention.
 */
#include "conf_take.h"

unsigned long long
take_number(struct conf_errors *e, const struct conf_node *node,
    const char *key, unsigned long long def, unsigned long long lo,
    unsigned long long hi)
{
	struct conf_value v;

	if (node_value(node, key, 0, &v))
		value_number(e, &v, key, lo, hi, &def);
	return def;
}

bool
take_bool(struct conf_errors *e, const struct conf_node *node, const char *key,
    bool def)
{
	struct conf_value v;

	if (node_value(node, key, 0, &v))
		value_bool(e, &v, key, &def);
	return def;
}

unsigned int
take_word(struct conf_errors *e, const struct conf_node *node, const char *key,
    const struct word *word, size_t n, unsigned int def)
{
	struct conf_value v;

	if (node_value(node, key, 0, &v))
		value_word(e, &v, key, word, n, &def);
	return def;
}

char *
take_domain(struct conf_errors *e, const struct conf_node *node,
    const char *key, const char *def)
{
	struct conf_value v;
	char *out;

	if (node_value(node, key, 0, &v) &&
	    value_domain(e, &v, key, &out) == 0)
		return out;
	return conf_dup(def);
}
