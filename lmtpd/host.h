/*
 * The engine host: forked before the configuration is read, so that the
 * engines it forks have never held a secret.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>

/*
 * Fork an engine on each RECORD_RUN, end it on RECORD_KILL or when the monitor
 * goes, and report its death.  Holds no descriptor but those two.  confined:
 * in its sandbox, and so are the engines; where that cannot be, the monitor is
 * told RECORD_UNCONFINED.  Never returns.
 */
_Noreturn void
	 host_run(int control, int client, bool confined);

#endif
