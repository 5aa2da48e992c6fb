/*
 * The kinds of source by name.  Pure.
 */
#include "source_kind.h"

const char *
source_kind_name(enum source_kind kind)
{
	static const char *const name[] = {
		[SOURCE_EMAIL] = "email",
		[SOURCE_USERS] = "users",
		[SOURCE_DOMAIN] = "domain",
		[SOURCE_IP] = "ip",
		[SOURCE_ANYONE] = "anyone"
	};

	return name[kind];
}
