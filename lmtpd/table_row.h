/*
 * What a row of a table is bounded by.
 */
#ifndef TABLE_ROW_H
#define TABLE_ROW_H

#include "addr.h"

/* bytes of a forwarding user, NUL included: as many as conf_value.c takes */
#define TABLE_USER_MAX	256

#endif
