/*
 * What a row of a table is bounded by.
 */
#ifndef TABLE_ROW_H
#define TABLE_ROW_H

#include "addr.h"

#define TABLE_USER_MAX	128	/* bytes of a forwarding user, NUL included */

#endif
