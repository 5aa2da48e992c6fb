/*
 * The clock of every limit: milliseconds, monotonic; and the one of what is
 * kept on disk, which may be set at any time.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

int64_t	 clock_ms(void);
/* Since 1970, in UTC. */
int64_t	 clock_wall_ms(void);

#endif
