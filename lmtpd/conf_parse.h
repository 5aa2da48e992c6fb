/*
 * The configuration files, parsed: a tree of sections, keys and values, each
 * with the place where it is written.
 */
#ifndef CONF_PARSE_H
#define CONF_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf_say.h"

/* A section of the parsed configuration, or the whole. */
struct conf_node {
	void		*section;	/* conf_parse.c knows what this is */
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

/*
 * Parse a file and all it includes; *files becomes the list of them.  0, or -1
 * where a file could not be parsed (and was reported); root is to be freed in
 * both cases.
 */
int	 conf_parse(const char *path, struct strings *files,
	    struct conf_errors *, struct conf_node *root);
void	 conf_parse_free(struct conf_node *root);

#endif
