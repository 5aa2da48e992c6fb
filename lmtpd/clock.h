/*
 * The clock of every limit: milliseconds, monotonic.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

int64_t	 clock_ms(void);

#endif
