/*
 * The parsed configuration: a tree of sections, keys and values, each with the
 * place where it is written.
 */
#ifndef CONF_NODE_H
#define CONF_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf_say.h"

/* A section of the parsed configuration, or the whole. */
struct conf_node {
	void		*section;	/* libconfuse's */
	const struct strings *files;
};

/* "" where sections of that name have no title. */
const char
	*node_title(const struct conf_node *);
/* The line of its name. */
struct where
	 node_where(const struct conf_node *);
size_t	 node_count(const struct conf_node *, const char *name);
struct conf_node
	 node_at(const struct conf_node *, const char *name, size_t);
size_t	 node_values(const struct conf_node *, const char *key);
/* Value i of a key; false where the key is not set or has fewer. */
bool	 node_value(const struct conf_node *, const char *key, size_t i,
	    struct conf_value *);

/* Whether a key is written, be it as an empty list. */
bool	 node_is_set(const struct conf_node *, const char *key);

/* All values of a key as they are; reads nothing into them. */
struct strings
	 conf_strings(const struct conf_node *, const char *key);

#endif
