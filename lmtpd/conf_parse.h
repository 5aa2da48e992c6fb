/*
 * The configuration files, parsed into a tree.
 */
#ifndef CONF_PARSE_H
#define CONF_PARSE_H

#include "conf_node.h"

/*
 * Parse a file and all it includes; *files becomes the list of them.  0, or -1
 * where a file could not be parsed (and was reported); root is to be freed in
 * both cases.
 */
int	 conf_parse(const char *path, struct strings *files,
	    struct conf_errors *, struct conf_node *root);
void	 conf_parse_free(struct conf_node *root);

#endif
