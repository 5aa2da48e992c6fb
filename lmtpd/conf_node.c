/*
 * The parsed configuration, read.  libconfuse keeps each value as the string
 * "FILE:LINE:VALUE" that conf_parse.c made of it.
 */
#include <confuse.h>
#include <stdlib.h>
#include <string.h>

#include "conf_node.h"

const char *
node_title(const struct conf_node *node)
{
	const cfg_t *cfg = node->section;

	return cfg->title == NULL ? "" : cfg->title;
}

struct where
node_where(const struct conf_node *node)
{
	const cfg_t *cfg = node->section;
	size_t file = strtoul(cfg->filename, NULL, 10);

	return (struct where){ node->files->v[file], cfg->line };
}

size_t
node_count(const struct conf_node *node, const char *name)
{
	return cfg_size(node->section, name);
}

struct conf_node
node_at(const struct conf_node *node, const char *name, size_t i)
{
	return (struct conf_node){
	    cfg_getnsec(node->section, name, (unsigned int)i), node->files };
}

size_t
node_values(const struct conf_node *node, const char *key)
{
	return cfg_size(node->section, key);
}

bool
node_value(const struct conf_node *node, const char *key, size_t i,
    struct conf_value *v)
{
	const char *kept;
	char *end;

	if (i >= node_values(node, key))
		return false;
	kept = cfg_getnstr(node->section, key, (unsigned int)i);
	v->where.file = node->files->v[strtoul(kept, &end, 10)];
	v->where.line = (int)strtol(end + 1, &end, 10);
	v->text = end + 1;
	return true;
}

bool
node_is_set(const struct conf_node *node, const char *key)
{
	return cfg_getopt(node->section, key)->flags & CFGF_MODIFIED;
}

struct strings
conf_strings(const struct conf_node *node, const char *key)
{
	struct strings s = { .n = node_values(node, key) };
	struct conf_value v;
	size_t i;

	s.v = conf_room(s.n + 1, sizeof(*s.v));
	for (i = 0; i < s.n && node_value(node, key, i, &v); i++)
		s.v[i] = conf_dup(v.text);
	return s;
}
