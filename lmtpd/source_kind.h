/*
 * The kinds of source by name.
 */
#ifndef SOURCE_KIND_H
#define SOURCE_KIND_H

#include "policy.h"

/* "email" and the like: the section's name. */
const char
	*source_kind_name(enum source_kind);

#endif
